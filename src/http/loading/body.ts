import { afterTick } from '../../resilience/after-tick.js';

/** A body that has been read to its end, or the part of it read so far with the reader of its rest. */
export type ReadBody =
  | { readonly isWhole: true; readonly bytes: Uint8Array }
  | {
      readonly isWhole: false;
      readonly chunks: readonly Uint8Array[];
      /** The chunk that was being read when the reading stopped. */
      readonly next: Promise<Chunk> | undefined;
      readonly reader: Reader;
    };

type Chunk = Awaited<ReturnType<Reader['read']>>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** A body made of text or bytes ends within this many ticks; a stream that waits for anything takes longer. */
const TICKS = 3;

/** Reads a body to its end, or until it is larger than `most` bytes. */
export function readWhole(body: ReadableStream<Uint8Array>, most: number): Promise<ReadBody> {
  return readChunks({ reader: body.getReader(), chunks: [], most });
}

/**
 * The same, but stops as soon as the body has to be waited for. So text and bytes, which have no Content-Length yet, are
 * told from a stream.
 */
export function readAtOnce(body: ReadableStream<Uint8Array>, most: number): Promise<ReadBody> {
  let ticks = 0;
  let onTick: () => void = () => {};
  const out = new Promise<'out'>((resolve) => {
    onTick = () => (++ticks > TICKS ? resolve('out') : afterTick(onTick));
    afterTick(onTick);
  });
  return readChunks({ reader: body.getReader(), chunks: [], most, until: out });
}

/** Reads the rest of a body. */
export const readOn = (
  { reader, chunks, next }: Extract<ReadBody, { isWhole: false }>,
  most: number,
  onChunk: (chunk: Uint8Array) => void,
): Promise<ReadBody> => readChunks({ reader, chunks: [...chunks], most, first: next, onChunk });

interface Reading {
  readonly reader: Reader;
  /** The chunks read before, to which more are added. */
  readonly chunks: Uint8Array[];
  /** The most bytes of the whole body. */
  readonly most: number;
  /** Ends the reading early. */
  readonly until?: Promise<'out'>;
  /** A chunk that was asked for before. */
  readonly first?: Promise<Chunk> | undefined;
  readonly onChunk?: (chunk: Uint8Array) => void;
}

async function readChunks(reading: Reading): Promise<ReadBody> {
  const { reader, chunks, most, until, first, onChunk } = reading;
  let size = chunks.reduce((sum, { length }) => sum + length, 0);
  let next = first;
  while (size <= most) {
    next ??= reader.read();
    const result = until ? await Promise.race([next, until]) : await next;
    if (result === 'out') return { isWhole: false, chunks, next, reader };
    next = undefined;
    if (result.done) return { isWhole: true, bytes: Buffer.concat(chunks) };
    // A body may hold anything, although its type says bytes.
    const chunk = Buffer.from(result.value);
    chunks.push(chunk);
    size += chunk.length;
    onChunk?.(chunk);
  }
  return { isWhole: false, chunks, next, reader };
}

/** A stream of the chunks read so far and of the rest, at the pace of its reader. No chunk is being read. */
export function streamOf({
  chunks,
  reader,
}: Extract<ReadBody, { isWhole: false }>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    pull: (controller) => pass(reader, controller),
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Passes the next chunk on. */
async function pass(
  reader: Reader,
  controller: ReadableStreamDefaultController<Uint8Array>,
): Promise<void> {
  const { done, value } = await reader.read();
  if (done) controller.close();
  else controller.enqueue(Buffer.from(value));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The body for a record: as text if it is shorter so. Both forms keep every byte. */
export function bodyFields(bytes: Uint8Array): { text?: string; base64?: string } {
  const base64Length = Math.ceil(bytes.length / 3) * 4;
  try {
    const text = UTF8.decode(bytes);
    if (JSON.stringify(text).length <= base64Length + 16) return { text };
  } catch {
    // Not UTF-8: an image, or compressed.
  }
  return { base64: Buffer.from(bytes).toString('base64') };
}

/**
 * Streams a body to a client while it is read to its end. `rest` resolves to the whole body, or to undefined if it is larger
 * than `most` bytes: from there on the client sets the pace. A client that goes away does not end the reading.
 */
export function relay(
  read: Extract<ReadBody, { isWhole: false }>,
  most: number,
): { readonly stream: ReadableStream<Uint8Array>; readonly rest: Promise<Uint8Array | undefined> } {
  let client: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isLarge = false;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      client = controller;
      for (const chunk of read.chunks) controller.enqueue(chunk);
    },
    pull: (controller) => (isLarge ? pass(read.reader, controller) : undefined),
    cancel(reason) {
      client = undefined;
      return isLarge ? read.reader.cancel(reason) : undefined;
    },
  });
  const reading = readOn(read, most, (chunk) => client?.enqueue(chunk));
  const rest = reading.then(
    (body) => {
      if (body.isWhole) client?.close();
      isLarge = !body.isWhole;
      // Nobody reads the rest any more. Of a whole body there is none.
      if (!client) read.reader.cancel().catch(() => {});
      return body.isWhole ? body.bytes : undefined;
    },
    (error) => {
      client?.error(error);
      throw error;
    },
  );
  return { stream, rest };
}

/** The Content-Length of a response. Infinite if it is invalid, and undefined if there is none. */
export function contentLength(headers: Headers): number | undefined {
  const field = headers.get('content-length');
  if (field === null) return undefined;
  return /^\d+$/.test(field) ? Number(field) : Number.POSITIVE_INFINITY;
}
