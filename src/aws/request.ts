/** A request ready to send. */
export interface Outgoing {
  readonly method: string;
  /** All lines before the body, the empty one included. */
  readonly head: string;
  readonly body: string | Uint8Array;
}

/** Any other character could end the line, or be sent as different bytes from those that were signed. */
const NOT_IN_A_VALUE = /[^\t -~]/;
const NOT_IN_A_TARGET = /[^!-~]/;

/**
 * Composes a request. It checks values and path, which may come from users, but not names, which are constants.
 *
 * @param target the path with the query.
 */
export function outgoing(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Outgoing {
  if (NOT_IN_A_TARGET.test(target)) throw unsendable('the path');
  // All in one test, because the first runs of a pattern are its most expensive ones.
  if (NOT_IN_A_VALUE.test(Object.values(headers).join(''))) {
    const [name] = Object.entries(headers).find(([, value]) => NOT_IN_A_VALUE.test(value)) ?? [];
    throw unsendable(`the header ${name}`);
  }
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  // No GET of the stores has a body.
  if (method !== 'GET') head += `content-length: ${Buffer.byteLength(body)}\r\n`;
  return { method, head: `${head}connection: keep-alive\r\n\r\n`, body };
}

function unsendable(what: string): Error {
  const error = new Error(`ERR_INVALID_CHAR: ${what} has a character that HTTP does not send`);
  return Object.assign(error, { code: 'ERR_INVALID_CHAR' });
}
