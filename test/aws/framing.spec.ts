import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../src/aws/framing.js';
import type { Refusal, RefusedAnswer } from '../../src/aws/refused-answer.js';
import { answers, damaged, type Generated } from './generated-answers.js';
import { type Read, readByNode, readByOurs } from './node-parser.js';

/**
 * Run a case again with the `FRAMING_SEED` that was printed; with many `FRAMING_ANSWERS` it is a soak. In CI the seed
 * is the same every time: a change must not be refused for an answer that it has nothing to do with.
 */
const seed = Number(
  process.env.FRAMING_SEED ?? (process.env.CI ? 20_000 : Date.now() % 1_000_000_000),
);
const numRuns = Number(process.env.FRAMING_ANSWERS ?? 120);

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

/** In two pieces, at every byte; all bytes one by one; and cut off at every byte. */
function* waysOf(text: string): Generator<Buffer[]> {
  const bytes = bytesOf(text);
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (let at = 0; at < bytes.length; at++) {
    yield [bytes.subarray(0, at), bytes.subarray(at)];
    yield [bytes.subarray(0, at)];
  }
}

/** Reads each answer in all ways with both, and counts. */
async function compare(
  generated: fc.Arbitrary<Generated>,
  judge: (ours: Read, node: Read) => void,
) {
  const count = { cases: 0, answered: 0, refused: 0 };
  const property = fc.asyncProperty(generated, async ({ method, text }) => {
    for (const pieces of waysOf(text)) {
      const ours = readByOurs(method, pieces);
      const node = await readByNode(method, pieces);
      count.cases++;
      count['refused' in ours ? 'refused' : 'answered']++;
      try {
        judge(ours, node);
      } catch (error) {
        throw new Error(`in ${pieces.length} pieces, the first ${pieces[0]?.length} bytes`, {
          cause: error,
        });
      }
    }
  });
  await fc.assert(property, { seed, numRuns, endOnFailure: true });
  return count;
}

describe(`answers generated from FRAMING_SEED=${seed}, split and cut off at every byte`, () => {
  it('are read as Node reads them: the same status, headers and body, or refused by both', async () => {
    const reasons = (read: Read) => ('refused' in read ? 'refused' : read);
    const { cases, answered, refused } = await compare(answers, (ours, node) => {
      expect(reasons(ours)).toEqual(reasons(node));
    });
    console.log(`framing: ${cases} cases from FRAMING_SEED=${seed}`);
    expect(cases).toBeGreaterThanOrEqual(numRuns * 200);
    expect(answered).toBeGreaterThan(cases / 4);
    expect(refused).toBeGreaterThan(cases / 10);
  });

  it('and damaged are never read in another way than by Node', async () => {
    const { cases, refused } = await compare(damaged, (ours, node) => {
      if (!('refused' in ours)) expect(ours).toEqual(node);
    });
    console.log(`framing: ${cases} damaged cases from FRAMING_SEED=${seed}`);
    expect(cases).toBeGreaterThanOrEqual(numRuns * 200);
    expect(refused).toBeGreaterThan(cases / 10);
  });
});

const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = 'Content-Length: 2\r\n';
const CODED = 'Transfer-Encoding: chunked\r\n';
const KB = 1024;
const headers = (count: number) =>
  Array.from({ length: count }, (_, n) => `h${n}: ${n}\r\n`).join('');

/** The bytes' refusal, before the connection ends. */
function refusalOf(text: string, method = 'GET'): Refusal | undefined {
  const reader = new AnswerReader(method);
  try {
    reader.read(bytesOf(text));
  } catch (error) {
    return (error as RefusedAnswer).refusal;
  }
  return undefined;
}

describe('what could be read in two ways is refused, as soon as it is seen', () => {
  it.each<[Refusal, string, string]>([
    ['length', 'both lengths', `${OK}${LENGTH}${CODED}\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['length', 'both lengths, the other way round', `${OK}${CODED}${LENGTH}\r\n`],
    ['length', 'two lengths', `${OK}${LENGTH}Content-Length: 3\r\n\r\n{}`],
    ['length', 'two lengths that agree', `${OK}${LENGTH}content-length: 2\r\n\r\n{}`],
    ['length', 'a list of lengths', `${OK}Content-Length: 2, 2\r\n\r\n{}`],
    ['length', 'a length with a sign', `${OK}Content-Length: +2\r\n\r\n{}`],
    ['length', 'a negative length', `${OK}Content-Length: -2\r\n\r\n{}`],
    ['length', 'a hexadecimal length', `${OK}Content-Length: 0x2\r\n\r\n{}`],
    ['length', 'an empty length', `${OK}Content-Length:\r\n\r\n{}`],
    ['length', 'a length beyond numbers', `${OK}Content-Length: 18446744073709551618\r\n\r\n{}`],
    ['length', 'a length in the trailers', `${OK}${CODED}\r\n0\r\n${LENGTH}\r\n`],
    ['length', 'an empty length in the trailers', `${OK}${CODED}\r\n0\r\nContent-Length:\r\n\r\n`],
    ['length', 'a coding in the trailers', `${OK}${CODED}\r\n0\r\n${CODED}\r\n`],
    ['coding', 'another coding', `${OK}Transfer-Encoding: gzip\r\n\r\n`],
    ['coding', 'another coding before', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['coding', 'chunked twice', `${OK}${CODED}${CODED}\r\n`],
    ['coding', 'none at all', `${OK}Transfer-Encoding: identity\r\n\r\n`],
    ['coding', 'chunked with something hidden', `${OK}Transfer-Encoding: \xa0chunked\r\n\r\n`],
    ['coding', 'a tab behind it', `${OK}Transfer-Encoding: chunked\t\r\n\r\n`],
    ['coding', 'a tab and a space behind it', `${OK}Transfer-Encoding: chunked\t \r\n\r\n`],
    ['length', 'a tab behind a length', `${OK}Content-Length: 2 \t\r\n\r\n{}`],
    ['coding', 'chunks in HTTP/1.0', `HTTP/1.0 200 OK\r\n${CODED}\r\n`],
    ['line', 'a folded header', `${OK}A: b\r\n c\r\n${LENGTH}\r\n{}`],
    ['line', 'a folded header at the start', `${OK} A: b\r\n${LENGTH}\r\n{}`],
    ['line', 'a space before the colon', `${OK}Content-Length : 2\r\n\r\n{}`],
    ['line', 'a tab before the colon', `${OK}Content-Length\t: 2\r\n\r\n{}`],
    ['line', 'a line without a colon', `${OK}Content-Length\r\n\r\n{}`],
    ['line', 'a header without a name', `${OK}: 2\r\n\r\n{}`],
    ['line', 'a bare LF', `${OK}A: b\n${LENGTH}\r\n{}`],
    ['line', 'a bare CR', `${OK}A: b\r${LENGTH}\r\n{}`],
    ['line', 'a bare CR at the end', `${OK}A: b\r\r\n\r\n{}`],
    ['line', 'a NUL', `${OK}A: \0\r\n\r\n{}`],
    ['line', 'a bare LF in a trailer', `${OK}${CODED}\r\n0\r\nA: b\nC: d\r\n\r\n`],
    ['chunk', 'a chunk with a sign', `${OK}${CODED}\r\n+2\r\n{}\r\n`],
    ['chunk', 'a chunk below zero', `${OK}${CODED}\r\n-2\r\n{}\r\n`],
    ['chunk', 'a chunk written as in code', `${OK}${CODED}\r\n0x2\r\n{}\r\n`],
    ['chunk', 'a chunk without a size', `${OK}${CODED}\r\n\r\n{}\r\n`],
    ['chunk', 'a chunk of 2^32 bytes', `${OK}${CODED}\r\n100000002\r\n{}\r\n`],
    ['chunk', 'a chunk of 2^64 bytes', `${OK}${CODED}\r\n10000000000000002\r\n{}\r\n`],
    ['chunk', 'a chunk with a space before its size', `${OK}${CODED}\r\n 2\r\n{}\r\n`],
    ['chunk', 'a chunk with a space behind its size', `${OK}${CODED}\r\n2 \r\n{}\r\n`],
    ['chunk', 'a bare LF behind a size', `${OK}${CODED}\r\n2\n{}\r\n0\r\n\r\n`],
    ['chunk', 'a LF in an extension', `${OK}${CODED}\r\n2;a\n{}\r\n0\r\n\r\n`],
    ['chunk', 'a chunk longer than its size', `${OK}${CODED}\r\n1\r\n{}\r\n0\r\n\r\n`],
    ['chunk', 'a bare LF behind a chunk', `${OK}${CODED}\r\n2\r\n{}\n0\r\n\r\n`],
    ['start', 'HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['start', 'a frame of HTTP/2', '\0\0\x12\x04\0\0\0\0\0'],
    ['start', 'an alert of TLS', '\x15\x03\x03\0\x02\x02\x46'],
    ['start', 'HTTP/0.9', '{}'],
    ['start', 'an empty line before', `\r\n${OK}\r\n`],
    ['start', 'spaces', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['start', 'a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['start', 'a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['start', 'a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['start', 'a minor version of two digits', 'HTTP/1.11 200 OK\r\n\r\n'],
    [
      'length',
      'a length before the answer',
      `HTTP/1.1 103 Early Hints\r\nContent-Length: +2\r\n\r\n${OK}`,
    ],
    [
      'coding',
      'a coding before the answer',
      `HTTP/1.1 100 Continue\r\nTransfer-Encoding: gzip\r\n\r\n${OK}`,
    ],
    ['last', 'a 1xx of HTTP/1.0', `HTTP/1.0 100 Continue\r\n\r\n${OK}${LENGTH}\r\n{}`],
    [
      'last',
      'a 1xx that closes',
      `HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n${OK}${LENGTH}\r\n{}`,
    ],
    ['upgrade', 'another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'],
  ])('%s: %s', (refusal, _, text) => {
    expect(refusalOf(text)).toBe(refusal);
  });

  it('an empty size that comes alone', () => {
    const reader = new AnswerReader('GET');
    reader.read(bytesOf(`${OK}${CODED}\r\n`));
    expect(() => reader.read(bytesOf('\r\n'))).toThrow(/a chunk is malformed/);
  });

  it('by a message that says what is wrong', () => {
    expect(() => new AnswerReader('GET').read(bytesOf('HTTP/2 200'))).toThrow(
      /the answer was refused: it does not begin with a status line of HTTP\/1/,
    );
  });
});

describe('what is more than an answer may be is refused', () => {
  const padded = (bytes: number) => `A: ${'a'.repeat(bytes - 3)}`;
  const head = (bytes: number) => `${OK}${padded(bytes - OK.length)}\r\n\r\n`;

  it('a head beyond 16 KB, in one header or in many, before its end is seen', () => {
    expect(refusalOf(head(16 * KB))).toBeUndefined();
    expect(refusalOf(head(16 * KB + 1))).toBe('long');
    expect(refusalOf(`${OK}${padded(17 * KB)}`)).toBe('long');
    expect(refusalOf(OK + `${padded(1_000)}\r\n`.repeat(17))).toBe('long');
  });

  it('a head, a size or trailers that have come in part, once they are beyond the 16 KB', () => {
    const full = padded(16 * KB - OK.length);
    expect(refusalOf(OK + full)).toBeUndefined();
    expect(refusalOf(`${OK}${full}a`)).toBe('long');
    const begun = `${OK}${CODED}\r\n`;
    const room = 16 * KB - begun.length + 4;
    const extension = `1;${'a'.repeat(room - 2)}`;
    expect(refusalOf(begun + extension)).toBeUndefined();
    expect(refusalOf(`${begun}${extension}a`)).toBe('long');
    expect(refusalOf(`${begun}0\r\n${padded(room)}`)).toBeUndefined();
    expect(refusalOf(`${begun}0\r\n${padded(room)}a`)).toBe('long');
  });

  it('more than 100 headers', () => {
    expect(refusalOf(`${OK}${headers(100)}\r\n`)).toBeUndefined();
    expect(refusalOf(`${OK}${headers(101)}\r\n`)).toBe('long');
  });

  it.each([
    ['answers of 1xx', 'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n'],
    ['answers of 1xx without a header', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('%s without end', (_, text) => {
    expect(refusalOf(text.repeat(10))).toBeUndefined();
    expect(refusalOf(text.repeat(1_000))).toBe('long');
  });

  it('trailers without end', () => {
    const begun = `${OK}${CODED}\r\n0\r\n`;
    expect(refusalOf(`${begun}${headers(100)}\r\n`)).toBe('long');
    expect(refusalOf(`${begun}${headers(90)}\r\n`)).toBeUndefined();
    expect(refusalOf(`${begun}${padded(17 * KB)}`)).toBe('long');
  });

  it('chunk extensions without end, in one chunk or in many', () => {
    const begun = `${OK}${CODED}\r\n`;
    expect(refusalOf(`${begun}1;${'a'.repeat(17 * KB)}`)).toBe('long');
    expect(refusalOf(begun + `1;${'a'.repeat(KB)}\r\nx\r\n`.repeat(17))).toBe('long');
    const room = 16 * KB - begun.length + 4;
    const whole = (bytes: number) => `${begun}1;${'a'.repeat(bytes - 1)}\r\nx\r\n0\r\n\r\n`;
    expect(refusalOf(whole(room))).toBeUndefined();
    expect(refusalOf(whole(room + 1))).toBe('long');
    // Sizes alone are no extensions: a body may have as many chunks as it likes.
    expect(refusalOf(begun + '1\r\nx\r\n'.repeat(20_000))).toBeUndefined();
  });

  const MOST = 32 * KB * KB;

  it('a length beyond 32 MB, before any of it has come', () => {
    expect(refusalOf(`${OK}Content-Length: ${MOST}\r\n\r\n`)).toBeUndefined();
    expect(refusalOf(`${OK}Content-Length: ${MOST + 1}\r\n\r\n`)).toBe('large');
    // Any length is fine without a body.
    expect(refusalOf(`${OK}Content-Length: ${MOST + 1}\r\n\r\n`, 'HEAD')).toBeUndefined();
  });

  it.each([
    ['to the end of the connection', '\r\n', ''],
    ['in chunks', `${CODED}\r\n`, '100000\r\n'],
  ])('a body beyond 32 MB that comes %s', (_, begun, size) => {
    const reader = new AnswerReader('GET');
    reader.read(bytesOf(OK + begun));
    const part = bytesOf(size + 'x'.repeat(KB * KB) + (size && '\r\n'));
    for (let mb = 0; mb < 32; mb++) expect(reader.read(part)).toBeUndefined();
    expect(() => reader.read(bytesOf(`${size}x`))).toThrow(/its body is larger than/);
  });
});

it('spaces and tabs around a value are not part of it, and those inside are', () => {
  const text = `${OK}A: \tb\tc \t\r\nEmpty: \t \r\nNone:\r\n${LENGTH}\r\n{}`;
  const { headers } = new AnswerReader('GET').read(bytesOf(text)) ?? {};
  expect({ ...headers }).toEqual({ a: 'b\tc', empty: '', none: '', 'content-length': '2' });
});

it('a body in pieces of one byte takes no more memory than a few times its size', () => {
  const reader = new AnswerReader('GET');
  reader.read(bytesOf(`${OK}${CODED}\r\n`));
  const part = bytesOf('1\r\nx\r\n'.repeat(1_000));
  const before = process.memoryUsage();
  for (let n = 0; n < 1_000; n++) reader.read(part);
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // A list would hold a million buffers, about 100 MB.
  expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(
    40 * KB * KB,
  );
});

describe('a connection may serve again', () => {
  const reusable = (text: string, method = 'GET') => {
    const reader = new AnswerReader(method);
    expect(reader.read(bytesOf(text)) ?? reader.end()).toBeDefined();
    return reader.isReusable;
  };

  it.each([
    ['a length', `${OK}${LENGTH}\r\n{}`],
    ['chunks', `${OK}${CODED}\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['chunks and trailers', `${OK}${CODED}\r\n0\r\nA: b\r\n\r\n`],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['the length of a body that has not changed', `HTTP/1.1 304 OK\r\n${LENGTH}\r\n`],
    ['a word that is not close', `${OK}Connection: closed\r\n${LENGTH}\r\n{}`],
    ['some time to come', `${OK}Keep-Alive: timeout=10\r\n${LENGTH}\r\n{}`],
  ])('after an answer with %s', (_, text) => {
    expect(reusable(text)).toBe(true);
  });

  it.each([
    ['a byte too many', `${OK}${LENGTH}\r\n{}x`],
    ['bytes behind its chunks', `${OK}${CODED}\r\n0\r\n\r\nxy`],
    ['another answer behind it', `${OK}${LENGTH}\r\n{}${OK}${LENGTH}\r\n{}`],
    ['a body where none may be', `HTTP/1.1 204 No Content\r\n${LENGTH}\r\n{}`],
    ['no end but the connection', `${OK}\r\n{}`],
    ['HTTP/1.0', `HTTP/1.0 200 OK\r\n${LENGTH}\r\n{}`],
    ['Connection: close', `${OK}Connection: close\r\n${LENGTH}\r\n{}`],
    ['close among others', `${OK}Connection: x, Close\r\n${LENGTH}\r\n{}`],
    ['a server that is about to close', `${OK}Keep-Alive: timeout=1, max=5\r\n${LENGTH}\r\n{}`],
  ])('but not after %s', (_, text) => {
    expect(reusable(text)).toBe(false);
  });

  it('not after the body of an answer to HEAD', () => {
    expect(reusable(`${OK}${LENGTH}\r\n`, 'HEAD')).toBe(true);
    expect(reusable(`${OK}${LENGTH}\r\n{}`, 'HEAD')).toBe(false);
  });
});
