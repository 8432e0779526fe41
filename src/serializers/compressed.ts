import { CacheError, invalid } from '../model/errors.js';
import { givenObject } from '../model/given.js';
import { algorithmNamed, algorithmOf, type CompressionAlgorithm } from './algorithms.js';
import { asBuffer, corrupt, formatByte, formatOf, MAGIC, unwrapped } from './frame.js';
import type { Raw, Serializer, SyncSerializer } from './serializer.js';
import { wrapping } from './wrapping.js';

export interface CompressionOptions {
  /** Compress values of this many bytes or more. Default 1,024: DynamoDB charges a write for each started KB. */
  readonly threshold?: number | undefined;
  /** Compress with this one. Values of the others are still read. zstd needs Node 22.15. Default `gzip`. */
  readonly algorithm?: CompressionAlgorithm | undefined;
  /** The most bytes of a value, uncompressed. No read unpacks more, and no write takes more. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * The layout of a compressed value: the magic byte, a letter for the algorithm, the uncompressed size (4 bytes), data.
 * The letter `n` means that the data is not compressed.
 */
const HEADER_BYTES = 6;
const NONE = 'n';
const MOST_BYTES = 0xffff_ffff;

/**
 * Compresses what another serializer writes, if it is long enough and if it gets shorter. Everything else is written as
 * it is, so values from before are still read, and short ones also after you remove the compression. Compressing happens
 * in the calling thread: about a millisecond or two for 100 KB.
 *
 * A payload that claims or unpacks to more than `maxBytes` is refused without unpacking more: a miss and an event.
 *
 * @throws CacheError `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { compressed, DynamoDBCacheStore, jsonSerializer } from '@glasswork/cache';
 *
 * const serializer = compressed(jsonSerializer, { algorithm: 'brotli' });
 * const store = new DynamoDBCacheStore({ tableName: 'my-cache', serializer });
 * ```
 */
export function compressed(inner: SyncSerializer, options?: CompressionOptions): SyncSerializer;
export function compressed(inner: Serializer, options?: CompressionOptions): Serializer;
export function compressed(inner: Serializer, options: CompressionOptions = {}): Serializer {
  const {
    threshold = 1_024,
    algorithm: name = 'gzip',
    maxBytes = 64 * 1024 * 1024,
  } = givenObject(options);
  if (!(threshold >= 0)) throw invalid('threshold', threshold, 'a number of bytes');
  if (!(maxBytes > 0 && maxBytes <= MOST_BYTES))
    throw invalid('maxBytes', maxBytes, `a number of bytes, at most ${MOST_BYTES}`);
  const algorithm = algorithmNamed(name);

  const pack = (raw: Raw, key: string): Raw => {
    const bytes = asBuffer(raw);
    if (bytes.length > maxBytes) throw tooLarge(key, bytes.length, maxBytes);
    // The output of the wrapped serializer must not be taken for ours.
    const isAmbiguous = ownFormat(raw) !== undefined;
    if (bytes.length < threshold && !isAmbiguous) return raw;
    const packed = algorithm.compress(bytes);
    if (packed.length + HEADER_BYTES < bytes.length) return frame(algorithm.letter, raw, packed);
    return isAmbiguous ? frame(NONE, raw, bytes) : raw;
  };
  const unpack = (raw: Raw, key: string): Raw => {
    const format = ownFormat(raw);
    if (!format) return raw;
    const bytes = asBuffer(raw);
    if (bytes.length < HEADER_BYTES) throw corrupt(key, 'is cut short.');
    const size = bytes.readUInt32BE(2);
    if (size > maxBytes)
      throw corrupt(
        key,
        `claims ${size} bytes, more than the maxBytes ${maxBytes}: it is not unpacked.`,
      );
    const unpacked = unpackedData(format.letter, bytes.subarray(HEADER_BYTES), size, key);
    if (unpacked.length !== size) throw corrupt(key, 'does not have the size that it claims.');
    return unwrapped(unpacked, format.isText);
  };

  return wrapping('compressed', inner, pack, unpack);
}

function ownFormat(raw: Raw): ReturnType<typeof formatOf> {
  const format = formatOf(raw);
  return format && (format.letter === NONE || algorithmOf(format.letter)) ? format : undefined;
}

function frame(letter: string, raw: Raw, data: Buffer): Buffer {
  const header = Buffer.from([MAGIC, formatByte(letter, raw), 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(raw), 2);
  return Buffer.concat([header, data]);
}

function unpackedData(letter: string, data: Buffer, size: number, key: string): Buffer {
  try {
    // At least 1, because Node takes 0 for no limit at all.
    return algorithmOf(letter)?.decompress(data, Math.max(size, 1)) ?? data;
  } catch (cause) {
    const why = `cannot be unpacked (${String(Object(cause).message).slice(0, 200)}).`;
    throw corrupt(key, why, cause);
  }
}

function tooLarge(key: string, size: number, most: number): CacheError {
  const message = `The value of "${key}" has ${size} bytes, more than the maxBytes ${most} of its compression: cache less, or raise maxBytes.`;
  return new CacheError('UNSERIALIZABLE', message, { subject: key });
}
