type Work = readonly unknown[];

/** Waits for all to end, then rejects with the first error. */
export async function allSettled<W extends Work>(
  work: W,
): Promise<{ -readonly [I in keyof W]: Awaited<W[I]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
