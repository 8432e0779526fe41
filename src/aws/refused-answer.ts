/** The most bytes outside the body: status lines, headers (1xx answers and trailers included), chunk extensions. */
export const MOST_HEAD_BYTES = 16 * 1024;
/** The most headers and trailers, without the status line. */
export const MOST_LINES = 100;
/** BatchGetItem returns up to 16 MB of items. JSON inside JSON, or bytes in base64, can double that. */
export const MOST_BODY_BYTES = 32 * 1024 * 1024;

/** The reasons to refuse an answer: it is not HTTP/1.1, ambiguous, or too large. */
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
