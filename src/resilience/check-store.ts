import type { CacheStore } from '../model/cache-store.js';
import { CacheError } from '../model/errors.js';
import { keySpace } from '../model/key-space.js';
import { withTimeout } from '../model/time.js';

/** How long one step may take, milliseconds: longer than a first connection, and any store's own limits. */
const STEP_MS = 5_000;
/** How long a check that has failed waits for its records to go, milliseconds. */
const REMOVE_MS = 1_000;
/** The life of a probe that could not be removed, seconds. */
const PROBE_TTL = 60;

/**
 * Proves that a store can do what a service needs, with records that nothing else uses:
 *
 *     read: nothing ── fill ── read: it ── fill with the version from before: refused ── tag: changed ── invalidate
 *       ── read: nothing ── fill with the version from before: refused ── remove
 *
 * `keyPrefix`: of the service, so that whatever is allowed by prefix is asked for what the service will need.
 *
 * @throws CacheError with the first thing that is wrong: the step, the reason, and what to do.
 */
export async function checkStore(store: CacheStore, keyPrefix?: string): Promise<void> {
  const keys = keySpace(keyPrefix);
  const name = `check:${crypto.randomUUID()}`;
  const [key, tag] = [keys.key(name), keys.record('tag', name)];
  const step = stepsOf(store);
  try {
    await (store.getVersioned && store.setIfUnchanged
      ? checkFence(store as Versioned, key, step)
      : checkValues(store, key, step));
    await checkTag(store, key, tag, step);
  } catch (error) {
    // What stays ends with its ttl.
    const removing = Promise.allSettled([key, tag].map((each) => removed(store, each)));
    await withTimeout(removing, REMOVE_MS, () => {});
    throw error;
  }
  await step('remove', () => removed(store, key));
  await step('remove', () => removed(store, tag));
}

type Versioned = CacheStore & Required<Pick<CacheStore, 'getVersioned' | 'setIfUnchanged'>>;
type Step = <T>(step: string, run: () => Promise<T>) => Promise<T>;

/** Runs a step, and makes its error say which one it was. */
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
    } catch (error) {
      if (error instanceof CacheError && error.subject === step) throw error;
      const text = String(Object(error).message ?? error);
      throw fail(error instanceof CacheError ? error.code : 'STORE_FAILED', text, error);
    }
  };

async function checkFence(store: Versioned, key: string, step: Step): Promise<void> {
  const fill = (value: string, version: string) =>
    store.setIfUnchanged(key, value, PROBE_TTL, version);
  const before = await step('read', () => store.getVersioned(key));
  await step('fill', async () => {
    if (!(await fill('first', before.version)))
      throw new Error('it was refused although nothing had changed. Is the store full?');
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
  await step('read', () => store.get(key));
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

/** A tag's record: read beside an entry, created, and changed. */
async function checkTag(store: CacheStore, key: string, tag: string, step: Step): Promise<void> {
  const read = (name: string) => store.getVersioned?.(name) ?? store.get(name);
  // In one tick, so that a store that reads in batches does.
  await step('read many', () => Promise.all([read(key), read(tag)]));
  await step('tag', async () => {
    if (store.add && !(await store.add(tag, 'first', PROBE_TTL)))
      throw new Error('a record that is not there could not be added. Is the store full?');
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
const stillThere = () => new Error('the value is still there: are reads answered by a replica?');
const notThere = (value: unknown) =>
  new Error(
    value === undefined
      ? 'what was written is not there: is the store full, or are reads answered by a replica?'
      : 'another value was read than was written: does the serializer read what it writes?',
  );
