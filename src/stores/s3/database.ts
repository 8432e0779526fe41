import type { Refusal } from '../aws/error.js';
import type { Place as AwsPlace } from '../aws/place.js';

/** The operations that a store needs: of objects, and of the bucket that holds them. */
export type Operation = 'get' | 'put' | 'list' | 'delete';

/** A setting of the bucket, which only tools read. */
export type Setting = 'lifecycle' | 'versioning';

/** The destination of a request, as far as it is known. */
export interface Place extends AwsPlace {
  readonly bucket: string;
  readonly prefix: string;
}

export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
}

/** The state that an object must have for a write: this ETag, or absence. */
export type ETag = string;
export const ABSENT: ETag = '';

/**
 * The outcome of a conditional write.
 *
 * - `changed`: the object is not as the condition says. `attempts` is how often the request was sent: if more than once,
 *   an earlier try may itself have changed it.
 * - `conflict`: another request for the object was under way. Nothing was written, and the same request may succeed.
 */
export type PutOutcome =
  | { readonly kind: 'written' }
  | { readonly kind: 'changed' | 'conflict'; readonly attempts: number };

/** A page of names. */
export interface Page {
  readonly names: readonly string[];
  /** Where the next page begins. Undefined on the last page. */
  readonly next: string | undefined;
}

/** An object that was not deleted. */
export interface DeletionError {
  readonly name: string;
  readonly type: string;
  readonly message: string;
}

/** An error response of S3, from either transport. */
export interface S3Refusal extends Refusal {
  /** The region that the response names, if the request went to another. */
  readonly bucketRegion?: string | undefined;
}

/** S3's limit on the names of one request to delete. */
export const MOST_DELETIONS = 1_000;

/** One bucket, through the lean transport or the user's own client. Every method throws `CacheError`s. */
export interface Database {
  readonly place: Place;
  /** The object, or its first `most` bytes. Undefined if there is none. */
  get(name: string, most?: number): Promise<StoredObject | undefined>;
  /** Writes the object if its ETag is `etag`, or if there is none and `etag` is `ABSENT`. */
  put(
    name: string,
    body: Uint8Array,
    etag: ETag,
    /** Checked right before each try. Once it returns true, the request must not be sent. */
    isLate: () => boolean,
  ): Promise<PutOutcome>;
  list(prefix: string, from: string | undefined): Promise<Page>;
  /** Deletes up to `MOST_DELETIONS` objects. Resolves to the failures. */
  delete(names: readonly string[]): Promise<readonly DeletionError[]>;
  /** Prepares the first request: connection and credentials. */
  warm(): Promise<void>;
  close(): void;
}

/** True for a directory bucket of S3 Express One Zone, by the form of its name. */
export const isDirectoryBucket = (bucket: string): boolean => bucket.endsWith('--x-s3');
