/** The machine lacks what a server needs; the message says what, and the cure. */
export class MissingServerError extends Error {
  override readonly name = 'MissingServerError';
}
