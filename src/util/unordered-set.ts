/**
 * A set without an order, whose members know their place in it. A `Set` makes a hash for each new object, which takes
 * longer than anything else that is done for an operation on its way.
 */
export class UnorderedSet<T extends { place: number }> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** May be called again. */
  delete(member: T): void {
    const members = this.#members;
    if (members[member.place] !== member) return;
    const last = members.pop() as T;
    if (last === member) return;
    members[member.place] = last;
    last.place = member.place;
  }

  /** Those that are in it now: it may change while they are looked at. */
  all(): readonly T[] {
    return this.#members.slice();
  }
}
