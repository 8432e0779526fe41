import type { CallRedis } from '../../stores/redis/inspection.js';
import type { StoredRecord, StoreInspection } from '../../stores/stored-record.js';
import { inParallel } from '../../util/in-parallel.js';
import { entryOf, userKey, userStart } from '../entries.js';
import { explain, versionReader } from '../explain.js';
import type { Target } from '../target/target.js';
import { type Percentiles, percentiles } from './percentiles.js';

const MOST_REQUESTS = 25;
const SLOWEST = 5;
const MINUTE_MS = 60_000;

/** A part of the store's records, and the figures of the service in it, as of one moment. */
export interface Sample {
  /** The keys of the service in the sample. */
  readonly keys: number;
  /** The part of them that would be served, 0 to 1. Undefined without keys. */
  readonly servedRatio: number | undefined;
  readonly served: { readonly fresh: number; readonly stale: number };
  /** The keys that would be misses, by reason. */
  readonly missesBy: Readonly<Record<'expired' | 'invalidated' | 'absent' | 'corrupt', number>>;
  /** Values that were written in the last minute. */
  readonly filled: number;
  /** Milliseconds, of the values in the sample. */
  readonly loadTime: Percentiles | undefined;
  readonly slowest: readonly { readonly key: string; readonly loadMs: number }[];
  /** Hits of all reads that the server counted since the sample before, 0 to 1. Redis alone counts them. */
  readonly hitRatio: number | undefined;
}

/** Samples a store: each sample goes on where the one before ended, and at the end of the store from its start. */
export class Sampler {
  readonly #target: Target;
  readonly #size: number;
  #pages: AsyncGenerator<readonly StoredRecord[]> | undefined;
  #left: StoredRecord[] = [];
  #counted = { hits: 0, misses: 0 };

  /** @param size the most records of a sample. */
  constructor(target: Target, size: number) {
    this.#target = target;
    this.#size = size;
  }

  async next(): Promise<Sample> {
    const records = await this.#records();
    const now = Date.now();
    const served = { fresh: 0, stale: 0 };
    const missesBy = { expired: 0, invalidated: 0, absent: 0, corrupt: 0 };
    const loads: { key: string; loadMs: number }[] = [];
    let filled = 0;
    const { inspection, keys } = this.#target;
    const versions = versionReader(this.#target);
    await inParallel(records, MOST_REQUESTS, async (listed) => {
      // A list of Redis or S3 has no more than the first bytes of a value.
      const isWhole = listed.kind !== 'value' || entryOf(listed);
      const record = isWhole ? listed : await inspection.read(listed.key);
      const { verdict, entry } = await explain(this.#target, record, now, versions);
      if (verdict === 'fresh' || verdict === 'stale') served[verdict]++;
      else missesBy[verdict === 'foreign' ? 'corrupt' : verdict]++;
      if (!entry) return;
      loads.push({ key: userKey(listed.key, keys) ?? listed.key, loadMs: entry.loadMs });
      if (entry.createdAt > now - MINUTE_MS) filled++;
    });
    loads.sort((a, b) => b.loadMs - a.loadMs);
    const hits = served.fresh + served.stale;
    return {
      ...{ keys: records.length, served, missesBy, filled },
      servedRatio: records.length > 0 ? hits / records.length : undefined,
      loadTime: percentiles(loads.map(({ loadMs }) => loadMs)),
      slowest: loads.slice(0, SLOWEST),
      hitRatio: await this.#hitRatio(),
    };
  }

  /** The next keys of the service. */
  async #records(): Promise<StoredRecord[]> {
    const { inspection, keys } = this.#target;
    this.#pages ??= inspection.pages(userStart(keys), this.#size);
    while (this.#left.length < this.#size) {
      const { value: page, done } = await this.#pages.next();
      if (done) {
        this.#pages = undefined;
        break;
      }
      this.#left.push(...page.filter(({ key }) => userKey(key, keys) !== undefined));
    }
    return this.#left.splice(0, this.#size);
  }

  /** The ratio of the whole server. Undefined if it may not be asked, or has counted no read. */
  async #hitRatio(): Promise<number | undefined> {
    const { inspection }: { inspection: StoreInspection & { call?: CallRedis } } = this.#target;
    const text = await inspection.call?.('INFO', 'stats').catch(() => undefined);
    const count = (name: string) =>
      Number(new RegExp(`${name}:(\\d+)`).exec(String(text))?.[1] ?? 0);
    const [hits, misses] = [count('keyspace_hits'), count('keyspace_misses')];
    const before = this.#counted;
    this.#counted = { hits, misses };
    const reads = hits + misses - before.hits - before.misses;
    return reads > 0 ? (hits - before.hits) / reads : undefined;
  }
}
