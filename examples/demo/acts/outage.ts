import { setTimeout as pause } from 'node:timers/promises';
import { ItemDatabase } from '../../api/item-database.js';
import type { Item } from '../../api/items.js';
import { itemId } from '../../api/seed.js';
import type { Act, Stage } from '../act.js';
import type { Options } from '../options.js';
import { type Database, distant, startDatabase } from '../origin.js';
import { type Answer, outcomeOf, type Phases } from './outage-report.js';

const ITEMS = 10;
const EVERY_MS = 40;
const MOST_UNDER_WAY = 60;
const TTL_SECONDS = 1;
/** How long the traffic runs before the database is killed, while it is down, and after a standby took over. */
const PHASES = { beforeMs: 2_000, downMs: 3_000, backMs: 2_000 } as const;

/** One way to read an item, and the answers that it gave. */
interface Reader {
  readonly answers: Answer[];
  read(id: string): Promise<Loaded>;
}
interface Loaded {
  readonly item: Item | null;
  /** By `performance.now()`, when its query began. */
  readonly loadedAt: number;
}

export function outageAct({ origin, seed }: Options): Act {
  const seconds = PHASES.downMs / 1_000;
  return {
    letter: 'd',
    name: 'outage',
    title: 'The database dies',
    compares:
      `PostgreSQL is killed under traffic, and a standby takes over ${seconds} seconds later: which answers do callers ` +
      `get without a cache, with get and set, and with staleIfError, where values live for ${TTL_SECONDS} second?`,
    async play(stage) {
      const [primary, standby] = [startDatabase(), startDatabase()];
      try {
        await Promise.all([primary, standby].map(setUp));
        return outcomeOf(...(await kill(stage, primary, standby, origin, seed)));
      } finally {
        await Promise.all([primary.kill(), standby.kill()]);
      }
    },
  };
}

const setUp = (database: Database) =>
  database.call('setUp', {
    items: ITEMS,
    maxAges: Array.from({ length: ITEMS }, () => TTL_SECONDS),
    ...{ idLength: 0, valueBytes: 0, bareBytes: 0 },
  });

async function kill(
  { progress, dynamodb }: Stage,
  primary: Database,
  standby: Database,
  origin: number,
  seed: number,
): Promise<[Record<'none' | 'plain' | 'ours', readonly Answer[]>, Phases]> {
  let database = primary;
  const items = new ItemDatabase({ database: distant(() => database, origin, seed + 7) });
  const load = async (id: string): Promise<Loaded> => {
    const loadedAt = performance.now();
    return { item: await items.find(id), loadedAt };
  };
  const readers = await createReaders(dynamodb.endpoint, load);
  // Every item has been read before: an outage is no cold start.
  const ids = Array.from({ length: ITEMS }, (_, i) => itemId(i + 1));
  for (const { read } of Object.values(readers)) await Promise.all(ids.map(read));

  const underWay = new Set<Promise<void>>();
  let n = 0;
  const traffic = async (what: string, lasts: number) => {
    const started = performance.now();
    for (let at = started; at < started + lasts; at = Math.max(at + EVERY_MS, performance.now())) {
      const wait = at - performance.now();
      if (wait > 0) await pause(wait);
      // A machine that cannot keep up gets fewer reads, not a queue of them.
      while (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
      const id = ids[n++ % ids.length] ?? '';
      for (const reader of Object.values(readers)) {
        const read = answer(reader, id).finally(() => underWay.delete(read));
        underWay.add(read);
      }
      progress.step(`d  ${what}, ms`, at - started, lasts);
    }
  };

  await traffic('traffic', PHASES.beforeMs);
  await primary.kill();
  const killedAt = performance.now();
  await traffic('no database', PHASES.downMs);
  database = standby;
  const backAt = performance.now();
  await traffic('standby', PHASES.backMs);
  await Promise.all(underWay);
  progress.clear();
  const { none, plain, ours } = readers;
  return [
    { none: none.answers, plain: plain.answers, ours: ours.answers },
    { killedAt, backAt },
  ];
}

async function createReaders(
  endpoint: string,
  load: (id: string) => Promise<Loaded>,
): Promise<Record<'none' | 'plain' | 'ours', Reader>> {
  // The SDK takes a while to load: only the acts that need it wait for it.
  const { createContestant } = await import('../contestant.js');
  const plain = createContestant('plain', endpoint);
  const ours = createContestant('ours', endpoint, { staleIfError: '10m' });
  const reader = (read: (id: string) => Promise<Loaded>): Reader => ({ answers: [], read });
  return {
    none: reader(load),
    plain: reader((id) => plain.wrap(`item:${id}`, TTL_SECONDS, () => load(id))),
    ours: reader((id) => ours.wrap(`item:${id}`, TTL_SECONDS, () => load(id))),
  };
}

async function answer(reader: Reader, id: string): Promise<void> {
  try {
    const { loadedAt } = await reader.read(id);
    reader.answers.push({ at: performance.now(), loadedAt });
  } catch {
    reader.answers.push({ at: performance.now(), loadedAt: undefined });
  }
}
