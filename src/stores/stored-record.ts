import type { CacheVersion } from '../model/cache-store.js';

/** One record as a store holds it, for tools that show a store. The service never uses it. */
export interface StoredRecord {
  /** The storage key, which includes the service's prefix. */
  readonly key: string;
  /**
   * - `value`: a value of a caller or a version record of the service, also if it has expired
   * - `tombstone`: the key was invalidated (DynamoDB, S3)
   * - `token`: a caller missed and may fill the key (Redis)
   * - `foreign`: another program wrote it
   */
  readonly kind: 'value' | 'tombstone' | 'token' | 'foreign';
  /** The size of the whole record, bytes: an estimate by the service's own rules. */
  readonly bytes: number;
  /** The end of the value, epoch milliseconds; 0 without a value. */
  readonly expiresAt: number;
  /** The time from which the store itself may remove the record, epoch milliseconds, if it is known. */
  readonly collectedAt: number | undefined;
  readonly version: CacheVersion;
  /** The service's data about the value, as one line of text, see `envelopeOf`. */
  readonly envelope: string | undefined;
  /** The serializer's output, if it was read. */
  readonly raw: string | Uint8Array | undefined;
  /** The value itself is in the overflow store: the record is a pointer. */
  readonly isPointer?: true;
}

/** The records of a store, page by page and one by one. */
export interface StoreInspection {
  /**
   * All records whose storage key begins with `start`, in no particular order; perhaps twice on Redis.
   *
   * @param pageSize about as many records as are wanted at once. Default: as the service likes.
   */
  pages(start: string, pageSize?: number): AsyncGenerator<readonly StoredRecord[]>;
  /** The record with its value, read consistently. */
  read(key: string): Promise<StoredRecord | undefined>;
  close(): Promise<void>;
}
