import { MOST_BODY_BYTES, MOST_HEAD_BYTES, MOST_LINES, refuse } from './refused-answer.js';
import type { Answer } from './response.js';

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/;
/** Control characters. A single CR or LF counts as one, because only some readers take it for the end of a line. */
const NOT_IN_LINES = /[^\t -~\x80-\xff\r\n]|\r(?!\n)|(?<!\r)\n/;
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const DIGITS = /^\d{1,15}$/;
const CHUNK =
  /^([\da-f]{1,8})((?:;[\w!#$%&'*+\-.^`|~]+(?:=(?:[\w!#$%&'*+\-.^`|~]+|"[ !#-[\]-~]*"))?)*)$/i;
const CLOSES = /\bclose\b/i;
/** Node's servers announce how long they keep a connection. One second is too short to rely on. */
const ENDS_SOON = /\btimeout=[01]\b/;

const MORE = -1;
type State = 'head' | 'length' | 'size' | 'chunk' | 'chunk end' | 'trailers' | 'close' | 'whole';

/**
 * Reads the answer to one request from the bytes of its connection, in pieces of any size. It refuses ambiguous
 * answers, because if two readers disagree on where an answer ends, a request can get the answer to another one.
 */
export class AnswerReader {
  readonly #hasNoBody: boolean;
  #state: State = 'head';
  #held: Buffer | undefined;
  #roomBytes = MOST_HEAD_BYTES;
  #roomLines = MOST_LINES + 1;
  /** Bytes left of the body, if its length is known, or of the chunk. */
  #left = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #body: Buffer = Buffer.alloc(0);
  #size = 0;
  #reusable = false;

  constructor(method: string) {
    this.#hasNoBody = method === 'HEAD';
  }

  /** True if the connection may serve another request: no byte followed the answer, and it is not the last one. */
  get isReusable(): boolean {
    return this.#reusable;
  }

  /**
   * Returns the answer once it is complete.
   *
   * @throws RefusedAnswer.
   */
  read(chunk: Buffer): Answer | undefined {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    let at = 0;
    while (this.#state !== 'whole') {
      const next = this.#step(bytes, at);
      if (next === MORE) {
        if (at < bytes.length) this.#held = bytes.subarray(at);
        return undefined;
      }
      at = next;
    }
    if (at < bytes.length) this.#reusable = false;
    return this.#answer();
  }

  /** Called at the end of the connection. Returns the answer if it ends there, too. */
  end(): Answer | undefined {
    return this.#state === 'close' ? this.#answer() : undefined;
  }

  #answer(): Answer {
    const body = this.#body.subarray(0, this.#size);
    return { status: this.#status, headers: this.#headers, body };
  }

  /** Reads as much as it can from `at` on. Returns where it stopped, or MORE. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, at);
      case 'size':
        return this.#chunkSize(bytes, at);
      case 'chunk end':
        return this.#chunkEnd(bytes, at);
      case 'trailers':
        return this.#trailers(bytes, at);
      default:
        return this.#data(bytes, at);
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) {
      // Another protocol on this port may never send an empty line.
      if (!'HTTP/1.'.startsWith(bytes.toString('latin1', at, at + 7))) refuse('start');
      if (bytes.length - at > this.#roomBytes) refuse('long');
      return MORE;
    }
    const lines = this.#lines(bytes, at, end);
    const [, minor, status] = STATUS_LINE.exec(lines[0] ?? '') ?? refuse('start');
    const isCurrent = minor === '1';
    this.#status = Number(status);
    this.#headers = headersOf(lines, 1);
    checkFraming(this.#headers, isCurrent);
    const { connection = '', 'keep-alive': keepAlive = '' } = this.#headers;
    const isLast = !isCurrent || CLOSES.test(connection);
    this.#reusable = !isLast && !ENDS_SOON.test(keepAlive);
    if (this.#status === 101) refuse('upgrade');
    if (this.#status >= 200) this.#frame(this.#headers);
    // For 100 Continue and other 1xx answers, the final answer follows.
    else if (isLast) refuse('last');
    return end + 4;
  }

  /** Determines where the body ends. */
  #frame(headers: Record<string, string>): void {
    const { 'content-length': length, 'transfer-encoding': coding } = headers;
    if (this.#hasNoBody || this.#status === 204 || this.#status === 304) this.#state = 'whole';
    else if (coding !== undefined) this.#state = 'size';
    else if (length === undefined) {
      this.#state = 'close';
      this.#reusable = false;
    } else {
      this.#left = Number(length);
      if (this.#left > MOST_BODY_BYTES) refuse('large');
      this.#state = 'length';
    }
  }

  #data(bytes: Buffer, at: number): number {
    const toEnd = this.#state === 'close';
    const end = toEnd ? bytes.length : Math.min(at + this.#left, bytes.length);
    this.#append(bytes.subarray(at, end));
    if (toEnd) return end > at ? end : MORE;
    this.#left -= end - at;
    if (this.#left > 0) return end > at ? end : MORE;
    this.#state = this.#state === 'length' ? 'whole' : 'chunk end';
    return end;
  }

  /** Appends to one growing buffer, because a list of one-byte pieces would take a hundred times the body's size. */
  #append(bytes: Buffer): void {
    const size = this.#size + bytes.length;
    if (size > MOST_BODY_BYTES) refuse('large');
    // Most answers come in one piece, which needs no copy.
    if (this.#size === 0) this.#body = bytes;
    else {
      if (size > this.#body.length) {
        const grown = Buffer.allocUnsafe(Math.max(size, 2 * this.#body.length));
        this.#body.copy(grown, 0, 0, this.#size);
        this.#body = grown;
      }
      bytes.copy(this.#body, this.#size);
    }
    this.#size = size;
  }

  #chunkSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) {
      if (bytes.length - at > this.#roomBytes) refuse('long');
      return MORE;
    }
    const [, size = '', extensions = ''] =
      CHUNK.exec(bytes.toString('latin1', at, end)) ?? refuse('chunk');
    this.#roomBytes -= extensions.length;
    if (this.#roomBytes < 0) refuse('long');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left > 0 ? 'chunk' : 'trailers';
    return end + 2;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    const end = bytes.toString('latin1', at, at + 2);
    if (!'\r\n'.startsWith(end)) refuse('chunk');
    if (end.length < 2) return MORE;
    this.#state = 'size';
    return at + 2;
  }

  /** Checks trailers like headers, then drops them, because nothing here reads them. */
  #trailers(bytes: Buffer, at: number): number {
    const isEmpty = bytes.toString('latin1', at, at + 2) === '\r\n';
    const end = isEmpty ? at : bytes.indexOf('\r\n\r\n', at);
    if (end < 0) {
      if (bytes.length - at > this.#roomBytes) refuse('long');
      return MORE;
    }
    if (!isEmpty) {
      const trailers = headersOf(this.#lines(bytes, at, end), 0);
      if ('content-length' in trailers || 'transfer-encoding' in trailers) refuse('length');
    }
    this.#state = 'whole';
    return isEmpty ? end + 2 : end + 4;
  }

  /** Lines in ISO 8859-1, the encoding of HTTP headers. */
  #lines(bytes: Buffer, at: number, end: number): string[] {
    this.#roomBytes -= end - at;
    if (this.#roomBytes < 0) refuse('long');
    const text = bytes.toString('latin1', at, end);
    if (NOT_IN_LINES.test(text)) refuse('line');
    const lines = text.split('\r\n');
    this.#roomLines -= lines.length;
    if (this.#roomLines < 0) refuse('long');
    return lines;
  }
}

function checkFraming(headers: Record<string, string>, isCurrent: boolean): void {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  if (coding !== undefined) {
    if (length !== undefined) refuse('length');
    if (!isCurrent || coding.toLowerCase() !== 'chunked') refuse('coding');
  }
  // A length given twice contains a comma here, and is refused.
  if (length !== undefined && !DIGITS.test(length)) refuse('length');
}

/** The headers by lower-case name. The values of a repeated header are joined with commas. */
function headersOf(lines: readonly string[], first: number): Record<string, string> {
  // Without a prototype, because a header may be called `constructor`.
  const headers: Record<string, string> = Object.create(null);
  for (let at = first; at < lines.length; at++) {
    const line = lines[at] as string; // `at` is below the length.
    const colon = line.indexOf(':');
    // This also refuses continuation lines, which begin with a space.
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!NAME.test(name)) refuse('line');
    const value = trimmed(line, colon + 1);
    // Some readers take a tab after `chunked` for a part of it.
    if (name === 'transfer-encoding' && line.includes('\t')) refuse('coding');
    if (name === 'content-length' && line.includes('\t')) refuse('length');
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** Removes spaces and tabs only. `trim` would also remove a no-break space, and a pattern would scan the line twice. */
function trimmed(line: string, from: number): string {
  let start = from;
  let end = line.length;
  // The colon before `from` ends the second loop, where the value is blank.
  while (isBlank(line.charCodeAt(start))) start++;
  while (isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;
