/** Runs the action for every item, at most `limit` at once. Rejects with the first error once all have ended. */
export async function inParallel<T>(
  inputs: readonly T[],
  limit: number,
  run: (input: T) => Promise<unknown>,
): Promise<void> {
  const errors: unknown[] = [];
  const waiting = inputs.values();
  const worker = async () => {
    for (const input of waiting) await run(input).catch((error) => errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, worker));
  if (errors.length > 0) throw errors[0];
}
