import { CacheService } from '@glasswork/cache';
import { responseCache, responseKey } from '@glasswork/cache/http';
import { MemoryCacheStore } from '@glasswork/cache/memory';
import { type Fault, faultyStore, seededFaults } from '@glasswork/cache/testing';
import { edgeTagsOf } from '../../../src/http/edge-tags.js';
import { storeLike } from '../../cache-service/helpers.js';
import { Random } from '../../model-checker/random.js';
import { turn, VirtualTime } from '../../model-checker/virtual-time.js';
import { Edge } from './edge.js';
import { EVICTION_RATES, type Evicting, evicting } from './evicting.js';
import { type Content, PATHS, type Path, Site, sleep } from './origin.js';

const FAULTS: readonly Fault[] = [
  { kind: 'error' },
  { kind: 'lost-reply' },
  { kind: 'replay' },
  { kind: 'hang' },
  { kind: 'hang', applied: true },
];

/** The oldest versions that may be served, by path, once an invalidation has resolved. */
type Floor = ReadonlyMap<string, number>;

/** Runs one random schedule of two processes over one store. Returns what went wrong. */
export async function runSchedule(seed: number, steps = 24): Promise<string[]> {
  const time = new VirtualTime();
  const random = new Random(seed);
  const restore = time.install(() => random.next());
  try {
    return await new Schedule(time, random).run(steps);
  } finally {
    restore();
  }
}

class Schedule {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #site: Site;
  /** Few, or little ever meets. */
  readonly #paths: readonly Path[];
  readonly #edge: Edge;
  readonly #tagHeader: string;
  readonly #isFaulty: boolean;
  readonly #full: Evicting;
  readonly #processes: { cache: CacheService; handle: ReturnType<typeof responseCache> }[];
  readonly #problems: string[] = [];
  #hard = new Map<string, number>();
  #soft = new Map<string, number>();
  readonly #pending = new Set<string>();
  #steps = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
    this.#isFaulty = random.chance(0.4);
    this.#tagHeader = random.pick(['cache-tag', 'x-tags']);
    // Named beforehand, so that a hit needs nothing but one read.
    const isNamed = this.#tagHeader === 'x-tags' && random.chance(0.6);
    this.#paths = random.chance(0.6) ? [random.pick(PATHS)] : PATHS;
    const tags = this.#paths.map((path) => `tag:${path}`);
    this.#site = new Site(random, random.chance(0.3) ? 0.3 : 0);
    this.#edge = new Edge(() => time.now());
    const inner = new MemoryCacheStore({ clock: time });
    this.#full = evicting(inner, random, random.pick(EVICTION_RATES));
    const shared = this.#full.store;
    const lease = random.chance(0.3);
    const rate = this.#isFaulty ? 0.1 : 0;
    const isLocal = random.chance(0.5);
    this.#processes = [1, 2].map((n) => {
      const plan = seededFaults({ seed: random.below(1e9) + n, rate, faults: FAULTS });
      const pause = () => (random.chance(0.6) ? sleep(random.below(60)) : undefined);
      const faulty = faultyStore(shared, { plan, pause });
      // Values without a wait, as from a tier in this process. Their versions are read like those of other values.
      const getIfPresent = inner.getIfPresent.bind(inner);
      const store = isLocal ? storeLike(faulty, { getIfPresent }) : faulty;
      const cache = new CacheService(store, {
        clock: time,
        onEvent: () => {},
        versionTTL: 0,
        onInvalidate: async (what) => this.#edge.purge(edgeTagsOf(what)),
      });
      const handle = responseCache(cache, {
        ...(isNamed ? { tags } : { tagHeader: this.#tagHeader }),
        lease,
      });
      return { cache, handle };
    });
  }

  async run(steps: number): Promise<string[]> {
    for (let i = 0; i < steps; i++) {
      this.#step();
      await this.#pass(this.#random.chance(0.1) ? 4_000 : this.#random.below(120));
    }
    // Everything ends: no request waits for ever.
    for (let i = 0; i < 400 && this.#pending.size > 0; i++) await this.#pass(200);
    for (const call of this.#pending) this.#problems.push(`has not ended: ${call}`);
    return this.#problems;
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.#time.advance(Math.min(left, 50));
      await turn();
    }
    await turn();
  }

  #step(): void {
    const path = this.#random.pick(this.#paths);
    const kind = this.#random.weighted({
      ...{ get: 10, tags: 2, expire: 1, expireKey: 1, del: 1, post: 1, change: 1, evict: 2 },
    });
    const work = {
      get: () => this.#get(path),
      tags: () => this.#invalidate(path, (cache) => cache.invalidateTags([`tag:${path}`])),
      del: () => this.#invalidate(path, (cache) => cache.del(keyOf(path))),
      expire: () => this.#expire(path, (cache) => cache.expireTags([`tag:${path}`])),
      expireKey: () => this.#expire(path, (cache) => cache.expire(keyOf(path))),
      evict: () => this.#full.evict(),
      post: () => this.#post(path),
      change: async () => void this.#site.update(path),
    }[kind]();
    const call = `step ${this.#steps++}, ${kind} ${path}`;
    this.#pending.add(call);
    work
      .finally(() => this.#pending.delete(call))
      .catch((error) => this.#problems.push(String(error)));
  }

  /** The data change, then they are invalidated. From the confirmation on nothing older may be served. */
  async #invalidate(path: Path, invalidate: (cache: CacheService) => Promise<void>): Promise<void> {
    const version = this.#site.update(path);
    raise(this.#begun, path, version);
    const confirmed = await invalidate(this.#random.pick(this.#processes).cache).then(
      () => true,
      () => false,
    );
    if (!confirmed) return;
    raise(this.#hard, path, version);
    for (const content of this.#edge.contents())
      if (content.path === path && content.version < version && !this.#onItsWay.has(content))
        this.#problems.push(`the edge kept ${show(content)} after the purge of ${version}`);
  }

  async #expire(path: Path, expire: (cache: CacheService) => Promise<void>): Promise<void> {
    const { cache } = this.#random.pick(this.#processes);
    const version = this.#site.update(path);
    const confirmed = await expire(cache).then(
      () => true,
      () => false,
    );
    if (confirmed) raise(this.#soft, path, version);
  }

  /** Invalidates as far as it can, and promises nothing: it is checked for what it breaks. */
  async #post(path: Path): Promise<void> {
    const request = new Request(urlOf(path), { method: 'POST' });
    await this.#random.pick(this.#processes).handle(request, (each) => {
      return this.#site.answer(each, this.#tagHeader);
    });
  }

  /** The versions of invalidations that have begun. */
  readonly #begun = new Map<string, number>();
  /** Kept by the edge although an invalidation came while they were on their way. */
  readonly #onItsWay = new WeakSet<Content>();

  async #get(path: Path): Promise<void> {
    const random = this.#random;
    const variant = random.pick(['1', '2']);
    const user = random.pick(['ann', 'bob']);
    const headers = new Headers({ 'x-variant': variant, 'x-user': user });
    if (random.chance(0.2)) headers.set('cookie', `user=${user}`);
    const [hard, soft] = [new Map(this.#hard), new Map(this.#soft)];
    let atOrigin: Floor = hard;
    const request = new Request(urlOf(path), { headers });
    const response = await random.pick(this.#processes).handle(request, async (each) => {
      const answer = await this.#site.answer(each, this.#tagHeader);
      atOrigin = new Map([...this.#hard]);
      return answer;
    });
    if (response.status === 503) return void (await response.text());
    const content: Content = JSON.parse(await response.text());
    const status = response.headers.get('cache-status') ?? '';
    const at = `${show(content)} for ${path} ${variant} ${user}: ${status}`;
    if (content.path !== path) this.#problems.push(`another URL: ${at}`);
    if (content.variant !== null && content.variant !== variant)
      this.#problems.push(`another variant: ${at}`);
    if (content.isPrivate && content.user !== user) this.#problems.push(`another user: ${at}`);
    if (content.isPrivate && /hit|stored|collapsed/.test(status))
      this.#problems.push(`a private response from the cache: ${at}`);
    const least = hard.get(path) ?? 0;
    if (content.version < least) this.#problems.push(`older than ${least}: ${at}`);
    const isFresh = !/max-age=0/.test(response.headers.get('cache-control') ?? '');
    const fresh = soft.get(path) ?? 0;
    if (isFresh && content.version < fresh)
      this.#problems.push(`fresh, but older than ${fresh}: ${at}`);
    if (this.#tagHeader !== 'cache-tag') return;
    const noticed = (/hit/.test(status) ? hard : atOrigin).get(path) ?? 0;
    const isKept = !/s-maxage=0/.test(response.headers.get('cache-control') ?? '');
    if (isKept && !content.isPrivate && content.version < noticed)
      this.#problems.push(`pinned at the edge although ${noticed} was confirmed before: ${at}`);
    if (content.version < (this.#begun.get(path) ?? 0)) this.#onItsWay.add(content);
    this.#edge.keep(`${path} ${content.variant}`, response, content);
  }
}

function raise(floor: Map<string, number>, path: string, version: number): void {
  floor.set(path, Math.max(floor.get(path) ?? 0, version));
}

const urlOf = (path: Path) => `https://example.com${path}`;
const keyOf = (path: Path) => responseKey(new Request(urlOf(path))) ?? '';
const show = ({ path, version, variant, user }: Content) =>
  `${path} v${version}${variant ? ` variant ${variant}` : ''}${user ? ` of ${user}` : ''}`;
