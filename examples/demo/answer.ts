/** The functions that a child process offers, by name. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The child's side. A child never outlives its parent, however the parent ends. */
export function answerParent(calls: Calls): void {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent decides when a child ends.
  process.on('SIGINT', () => {});
  process.on('message', async ({ id, name, argument }: Question) => {
    try {
      process.send?.({ id, result: await calls[name]?.(argument as never) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
}
