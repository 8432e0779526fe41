/** To be written. */
export async function afterResponse(): Promise<never> {
  throw new Error('not yet');
}
