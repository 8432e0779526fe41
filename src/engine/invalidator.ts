import { type AnyKey, keyText } from '../model/cache-key.js';
import { givenList } from '../model/given.js';
import { checkedTags } from '../model/policy-rules.js';
import { isResponseKey } from '../model/response-key.js';
import type { ServiceParts } from './assemble.js';
import { Lifecycle } from './lifecycle.js';
import { invalidateResponses } from './writing/invalidate-responses.js';

/** The part of a `CacheService` that invalidates: by key, pattern, tag or all, hard or softly. */
export class Invalidator extends Lifecycle {
  readonly #parts: ServiceParts;

  protected constructor(parts: ServiceParts) {
    super(parts);
    this.#parts = parts;
  }

  /**
   * Deletes a value. Once it resolves, no load that began before the call can become the cached value.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed the deletion.
   */
  async del(key: AnyKey): Promise<void> {
    await this.delMany([key]);
  }

  /** Deletes many values. @throws CacheError `NOT_CONFIRMED` unless the store confirmed all of them. */
  async delMany(keys: readonly AnyKey[]): Promise<void> {
    const { invalidation, addressOf } = this.#parts;
    const addresses = givenList(keys, 'keys', 'INVALID_KEY').map(addressOf);
    const responses = addresses.map(({ key }) => key).filter(isResponseKey);
    try {
      // First, because `onInvalidate` purges an edge, which then asks for the response again.
      if (responses.length > 0) await invalidateResponses(this.#parts, responses);
    } finally {
      await invalidation.keys(addresses);
    }
  }

  /**
   * Makes a cached value stale: once it resolves, the value is served as stale, everywhere, until it is refreshed or
   * expires. Without a live value it does what `del` does. It costs a write of the value.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed it.
   */
  async expire(key: AnyKey): Promise<void> {
    const address = this.#parts.addressOf(key);
    if (isResponseKey(address.key)) await invalidateResponses(this.#parts, [address.key], 'soft');
    await this.#parts.invalidation.expire(address);
  }

  /**
   * Deletes the keys that match a glob (`*`, `?`; `\` escapes). Resolves to the number of stored keys deleted, or to
   * undefined if the store cannot delete by pattern. It covers keys already stored and loads in this process only.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed the deletion.
   */
  async delByPattern(pattern: string): Promise<number | undefined> {
    return this.#parts.invalidation.pattern(keyText(pattern));
  }

  /**
   * Invalidates all values with one of the tags, by one write per tag, whatever the number of values. A store
   * that may evict records takes one more write per call.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed every tag.
   */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    await this.#parts.invalidation.tags(checkedTags(tags));
  }

  /**
   * Makes all values with one of the tags stale, with the writes of `invalidateTags`: they are served as stale until they
   * are refreshed or expire. Where a store compares no versions, it does what `invalidateTags` does.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed every tag.
   */
  async expireTags(tags: readonly string[]): Promise<void> {
    await this.#parts.invalidation.tags(checkedTags(tags), 'soft');
  }

  /**
   * Invalidates all values under this service's prefix with one write. Other processes follow within `versionTTL`.
   * Values of other prefixes in the same store stay.
   *
   * @throws CacheError `NOT_CONFIRMED` unless the store confirmed it.
   */
  async clear(): Promise<void> {
    await this.#parts.invalidation.all();
  }
}
