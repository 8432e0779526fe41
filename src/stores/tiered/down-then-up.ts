/**
 * Runs both even if the first fails, because a copy left above would be served until it expires. In the reverse order a
 * read between the two would copy a value that is about to go.
 */
export async function downThenUp<T>(
  below: () => Promise<T>,
  above: () => Promise<unknown>,
): Promise<T> {
  try {
    return await below();
  } finally {
    await above();
  }
}
