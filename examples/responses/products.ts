export interface Product {
  readonly id: string;
  readonly name: string;
}

/** Stands for your database. Each process has its own, in memory. */
export class Products {
  readonly #names = new Map([
    ['1', 'Lamp'],
    ['2', 'Desk'],
  ]);

  async list(): Promise<Product[]> {
    return Array.from(this.#names, ([id, name]) => ({ id, name }));
  }

  async find(id: string): Promise<Product | undefined> {
    return (await this.list()).find((product) => product.id === id);
  }

  async rename(id: string, name: string): Promise<void> {
    this.#names.set(id, name);
  }
}
