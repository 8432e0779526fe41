/** Bytes of what is not body: status lines, headers (those of 1xx answers and trailers, too), chunk extensions. */
export const MOST_HEAD_BYTES = 16 * 1024;
/** Headers and trailers; the status line does not count. */
export const MOST_LINES = 100;
/** BatchGetItem brings 16 MB of items; JSON inside of JSON, or bytes in base64, travel as up to twice as much. */
export const MOST_BODY_BYTES = 32 * 1024 * 1024;

/** Why bytes are refused: they are not an answer of HTTP/1.1, or are ambiguous, or are more than an answer may be. */
export const REFUSALS = {
  start: 'it does not begin with a status line of HTTP/1.0 or 1.1; HTTP/2 is not spoken here',
  line: 'a header line is malformed',
  length: 'its length is malformed, or given twice',
  coding: 'it has a transfer coding other than chunked',
  chunk: 'a chunk is malformed',
  upgrade: 'it changes the protocol',
  last: 'it says that nothing follows before the answer has come',
  long: `its head is longer than ${MOST_HEAD_BYTES} bytes or ${MOST_LINES} headers`,
  large: `its body is larger than ${MOST_BODY_BYTES} bytes`,
} as const;
export type Refusal = keyof typeof REFUSALS;

export class RefusedAnswer extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`the answer was refused: ${REFUSALS[refusal]}`);
    this.refusal = refusal;
  }
}

export function refuse(refusal: Refusal): never {
  throw new RefusedAnswer(refusal);
}
