import type { CacheStore, VersionedStore } from '../model/cache-store.js';
import { CacheError, readable } from '../model/errors.js';
import { keySpace } from '../model/key-space.js';
import { withTimeout } from '../model/time.js';

/** The time limit of a step, milliseconds: longer than a first connection and than any store's own limits. */
const STEP_MS = 5_000;
/** The longest that a failed check waits for the removal of its records, milliseconds. */
const REMOVE_MS = 1_000;
/** The life of a probe that could not be removed, seconds. */
const PROBE_TTL = 60;

/**
 * Proves that a store can do what a service needs, with probe records that nothing else uses:
 *
 *     read: nothing ── read many ── fill ── read: it ── fill with the version from before: refused ── invalidate
 *       ── read: nothing ── fill with the version from before: refused ── tag: changed ── remove
 *
 * `keyPrefix` is that of the service, because permissions may depend on the prefix of a key.
 *
 * `erase` removes the tombstone that an invalidation leaves in a durable store. A service may lack the permission for it,
 * so its errors are ignored: the tombstone then expires. No other load knows the name, so none needs the tombstone.
 *
 * @throws CacheError with the first fault: the step, the reason, and what to do.
 */
export async function checkStore(
  store: CacheStore,
  keyPrefix?: string,
  erase?: (key: string) => Promise<unknown>,
): Promise<void> {
  const keys = keySpace(keyPrefix);
  const name = `check:${crypto.randomUUID()}`;
  const [key, tag] = [keys.key(name), keys.record('tag', name)];
  const step = stepsOf(store);
  const erased = () => inTime(erase ? [key, tag].map(erase) : []);
  try {
    const read = (each: string) => store.getVersioned?.(each) ?? store.get(each);
    await step('read', () => read(key));
    // In the same tick, so that a store with batches reads both in one. Before any write: a store may read the keys
    // that it has written in another way.
    await step('read many', () => Promise.all([read(key), read(tag)]));
    await (store.getVersioned && store.setIfUnchanged
      ? // The condition has found both methods of a versioned store.
        checkFence(store as VersionedStore, key, step)
      : checkValues(store, key, step));
    await checkTag(store, tag, step);
  } catch (error) {
    // A record that cannot be removed expires with its ttl.
    await inTime([key, tag].map((each) => removed(store, each)));
    await erased();
    throw error;
  }
  // Once more after the reads of the fence, because a miss leaves a token in Redis.
  await step('remove', () => removed(store, key));
  await step('remove', () => removed(store, tag));
  await erased();
}

/** Waits for what can fail or hang without harm. */
async function inTime(removals: readonly Promise<unknown>[]): Promise<void> {
  await withTimeout(Promise.allSettled(removals), REMOVE_MS, () => {});
}

type Step = <T>(step: string, run: () => Promise<T>) => Promise<T>;

/** Runs a step, and names the step in its error. */
const stepsOf =
  (store: CacheStore): Step =>
  async (step, run) => {
    const fail = (code: CacheError['code'], why: string, cause?: unknown) =>
      new CacheError(code, `Check of the store "${store.name}": ${step} failed: ${why}`, {
        subject: step,
        cause,
      });
    const late = () => {
      throw fail('TIMEOUT', `no answer within ${STEP_MS} ms: can the store be reached?`);
    };
    try {
      return await withTimeout(run(), STEP_MS, late);
    } catch (thrown) {
      const error = readable(thrown);
      if (error instanceof CacheError && error.subject === step) throw error;
      const text = String(Object(error).message ?? error);
      throw fail(error instanceof CacheError ? error.code : 'STORE_FAILED', text, error);
    }
  };

async function checkFence(store: VersionedStore, key: string, step: Step): Promise<void> {
  const fill = (value: string, version: string) =>
    store.setIfUnchanged(key, value, PROBE_TTL, version);
  const before = await step('read again', () => store.getVersioned(key));
  await step('fill', async () => {
    if (!(await fill('first', before.version)))
      throw new Error('it was refused although nothing had changed: is the store full?');
    const { value, error } = await store.getVersioned(key);
    if (error) throw error;
    if (value !== 'first') throw notThere(value);
  });
  await step('fence', async () => {
    if (await fill('second', before.version)) throw outdated();
  });
  await step('invalidate', async () => {
    const { version } = await store.getVersioned(key);
    await store.del(key);
    if (await fill('third', version)) throw outdated();
    if ((await store.getVersioned(key)).value !== undefined) throw stillThere();
  });
}

async function checkValues(store: CacheStore, key: string, step: Step): Promise<void> {
  await step('fill', async () => {
    await store.set(key, 'first', PROBE_TTL);
    const value = await store.get(key);
    if (value !== 'first') throw notThere(value);
  });
  await step('invalidate', async () => {
    await store.del(key);
    if ((await store.get(key)) !== undefined) throw stillThere();
  });
}

/** Creates a tag's record, and changes it. */
async function checkTag(store: CacheStore, tag: string, step: Step): Promise<void> {
  await step('tag', async () => {
    if (store.add && !(await store.add(tag, 'first', PROBE_TTL)))
      throw new Error('an absent record could not be added: is the store full?');
    await store.set(tag, 'second', PROBE_TTL);
    const value = await store.get(tag);
    if (value !== 'second') throw notThere(value);
  });
}

const removed = async (store: CacheStore, key: string): Promise<void> => {
  await store.del(key);
};

const outdated = () =>
  new Error('a fill with an outdated version was accepted, so an invalidation could be undone.');
const stillThere = () => new Error('the value is still there: does a replica answer the reads?');
const notThere = (value: unknown) =>
  new Error(
    value === undefined
      ? 'the written value is missing: is the store full, or does a replica answer the reads?'
      : 'the value read differs from the value written: can the serializer read its own output?',
  );
