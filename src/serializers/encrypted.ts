import type { KeyObject } from 'node:crypto';
import { invalid } from '../model/errors.js';
import { whenReady } from '../util/promises.js';
import { asBuffer, corrupt, formatByte, formatOf, MAGIC, unwrapped } from './frame.js';
import {
  checkSerializer,
  isAsync,
  type Raw,
  type Serializer,
  type SyncSerializer,
} from './serializer.js';

export interface EncryptionOptions {
  /**
   * Keys of 32 bytes by name. The first one encrypts, all of them decrypt. A name is written next to each value, and is
   * no secret. It must not be a whole number, because JavaScript would move it to the front.
   */
  readonly keys: Readonly<Record<string, Uint8Array>>;
}

/*
 * The layout of an encrypted value:
 *
 *     magic 1 │ format 1 │ length of the name 1 │ name of the key │ nonce 12 │ tag 16 │ ciphertext
 *     └──────────── associated data, with the cache key ────────┘
 */
const FORMAT = 'e';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LONGEST_NAME_BYTES = 255;

/** Loaded on first use, because only few handlers need it at start. */
const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto');

/**
 * Encrypts what another serializer writes, with AES-256-GCM. The value's key in the store is authenticated with it, so
 * a value that someone has changed, or moved to another key, is not decrypted: a miss and an event. The same holds for a
 * value that is not encrypted, or with a key that you have not given.
 *
 * To rotate, put a new key in front and remove the old one when the last value that it encrypted has expired. Compress
 * inside: `encrypted(compressed(jsonSerializer), …)`. Keys, tags, times and sizes are not encrypted; see
 * docs/serializers.md for what this protects.
 *
 * @throws CacheError `INVALID_OPTION` for no key, a key that has not 32 bytes, or a name that is empty, a whole number
 * or longer than 255 bytes.
 *
 * @example
 * ```ts
 * import { CacheService, DynamoDBCacheStore, encrypted, jsonSerializer } from '@glasswork/cache';
 *
 * const key = Buffer.from(process.env.CACHE_KEY ?? '', 'base64');
 * const serializer = encrypted(jsonSerializer, { keys: { 'march-2026': key } });
 * const cache = new CacheService(new DynamoDBCacheStore({ tableName: 'my-cache', serializer }));
 * ```
 */
export function encrypted(inner: SyncSerializer, options: EncryptionOptions): SyncSerializer;
export function encrypted(inner: Serializer, options: EncryptionOptions): Serializer;
export function encrypted(inner: Serializer, options: EncryptionOptions): Serializer {
  checkSerializer(inner, 'inner');
  const keys = checkedKeys(options?.keys);
  const [[name, secret]] = keys;

  const encrypt = (raw: Raw, key: string): Buffer => {
    const nonce = crypto().randomBytes(NONCE_BYTES);
    const head = header(formatByte(FORMAT, raw), name);
    const cipher = crypto().createCipheriv(CIPHER, secret, nonce);
    cipher.setAAD(associated(head, key));
    const data = Buffer.concat([cipher.update(asBuffer(raw)), cipher.final()]);
    return Buffer.concat([head, nonce, cipher.getAuthTag(), data]);
  };
  const decrypt = (raw: Raw, key: string): Raw => {
    const format = formatOf(raw);
    if (format?.letter !== FORMAT)
      throw corrupt(key, 'is not encrypted: was it written with another serializer?');
    const { head, nonce, tag, data } = partsOf(asBuffer(raw));
    const found = keys.find(([one]) => head.equals(header(head[1] ?? 0, one)));
    if (!found) throw corrupt(key, 'is encrypted with a key that is not among the given ones.');
    try {
      const decipher = crypto().createDecipheriv(CIPHER, found[1], nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associated(head, key));
      decipher.setAuthTag(tag);
      const bytes = Buffer.concat([decipher.update(data), decipher.final()]);
      return unwrapped(bytes, format.isText);
    } catch (cause) {
      const why = 'cannot be decrypted: its key was replaced, or it was changed or moved to here.';
      throw corrupt(key, why, cause);
    }
  };

  const serialize = (value: unknown, key: string) =>
    whenReady(inner.serialize(value, key), (raw) => encrypt(raw, key));
  const deserialize = (raw: Raw, key: string) => inner.deserialize(decrypt(raw, key), key);
  return {
    name: `encrypted(${inner.name})`,
    inner,
    // An async function, so that a store can tell without calling it.
    serialize: isAsync(inner) ? async (value, key) => serialize(value, key) : serialize,
    deserialize,
  };
}

type Keys = [Named, ...Named[]];
type Named = readonly [name: string, secret: KeyObject];

/** Messages show names at most, never keys. */
function checkedKeys(given: EncryptionOptions['keys'] | undefined): Keys {
  const [first, ...others] = Object.entries(given ?? {}).map(([name, secret]): Named => {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0 || bytes > LONGEST_NAME_BYTES || /^\d+$/.test(name))
      throw invalid('keys', name, `names of 1 to ${LONGEST_NAME_BYTES} bytes that are no numbers`);
    if (!ArrayBuffer.isView(secret) || secret.byteLength !== KEY_BYTES)
      throw invalid(`keys['${name}']`, {}, `${KEY_BYTES} random bytes, as a Uint8Array`);
    return [name, crypto().createSecretKey(asBuffer(secret))];
  });
  if (first) return [first, ...others];
  throw invalid('keys', given, 'at least one key, by a name');
}

const header = (format: number, name: string): Buffer =>
  Buffer.concat([Buffer.from([MAGIC, format, Buffer.byteLength(name)]), Buffer.from(name)]);

/** UTF-16, because UTF-8 encodes all lone surrogates alike. */
const associated = (head: Buffer, key: string): Buffer =>
  Buffer.concat([head, Buffer.from(key, 'utf16le')]);

function partsOf(bytes: Buffer): { head: Buffer; nonce: Buffer; tag: Buffer; data: Buffer } {
  const [nonceAt, tagAt] = [3 + (bytes[2] ?? 0), 3 + (bytes[2] ?? 0) + NONCE_BYTES];
  return {
    head: bytes.subarray(0, nonceAt),
    nonce: bytes.subarray(nonceAt, tagAt),
    tag: bytes.subarray(tagAt, tagAt + TAG_BYTES),
    data: bytes.subarray(tagAt + TAG_BYTES),
  };
}
