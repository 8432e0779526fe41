import type { Act, Outcome, Stage } from '../act.js';
import type { Kind } from '../contestant.js';
import { bad, type Cell, good } from '../grid.js';
import type { Options } from '../options.js';
import { type OriginServer, startOriginServer } from '../origin-server.js';
import { count } from '../text.js';
import { type Worker, withWorkers } from '../workers.js';

const UPDATES = 50;
/** So many at once: one after the other they would take long, and all at once would be a load test. */
const AT_ONCE = 10;
const TTL_MINUTES = 5;
const KINDS = ['plain', 'ours'] as const satisfies readonly Kind[];
type RaceKind = (typeof KINDS)[number];

interface Figures {
  readonly updates: number;
  /** Reads after the update and the load were over that got the value from before the update. */
  readonly oldValues: number;
}

export function updateRaceAct({ origin, seed }: Options): Act {
  return {
    letter: 'c',
    name: 'update-race',
    title: 'The update race',
    compares:
      `${UPDATES} times, one process loads a key slowly, and meanwhile another process updates the database and then ` +
      'deletes the key; a third process reads when both are done: which value does it get?',
    async play(stage) {
      const { worker } = await stage.bundles();
      const server = await startOriginServer(origin, seed + 5);
      try {
        return outcomeOf(await withWorkers(worker, 3, (workers) => race(stage, server, workers)));
      } finally {
        server.stop();
      }
    },
  };
}

async function race(
  { progress, dynamodb }: Stage,
  server: OriginServer,
  workers: readonly Worker[],
): Promise<Record<RaceKind, Figures>> {
  const oldValues: Record<RaceKind, number> = { plain: 0, ours: 0 };
  let done = 0;
  for (const kind of KINDS) {
    const setup = { kind, endpoint: dynamodb.endpoint, origin: server.url };
    await Promise.all(workers.map((worker) => worker.call('open', setup)));
    for (let first = 0; first < UPDATES; first += AT_ONCE) {
      const keys = Array.from({ length: AT_ONCE }, (_, i) => `${kind}-race-${first + i}`);
      const got = await Promise.all(keys.map((key) => raceOnce(server, workers, key)));
      oldValues[kind] += keys.filter((key, i) => (got[i] ?? 0) < server.version(key)).length;
      done += AT_ONCE;
      progress.step('c  racing', done, KINDS.length * UPDATES);
    }
  }
  progress.clear();
  return {
    plain: { updates: UPDATES, oldValues: oldValues.plain },
    ours: { updates: UPDATES, oldValues: oldValues.ours },
  };
}

/**
 * ```
 * loader    misses ── queries, reads version 1 ─────────────────────── answered ── writes it
 * updater                                 version 2 ── deletes the key
 * reader                                                                                     reads
 * ```
 */
async function raceOnce(
  server: OriginServer,
  [loader, updater, reader]: readonly Worker[],
  key: string,
): Promise<number | undefined> {
  const held = server.hold(key);
  const load = loader?.call('read', { key, callers: 1 });
  await Promise.race([held.hasRead, load]);
  await updater?.call('update', key);
  held.answer();
  await load;
  const read = await reader?.call('read', { key, callers: 1 });
  return read?.versions[0];
}

function outcomeOf(figures: Record<RaceKind, Figures>): Outcome {
  const { plain, ours } = figures;
  const judged = ({ oldValues }: Figures): Cell =>
    oldValues === 0 ? good('0') : bad(count(oldValues));
  const problems: string[] = [];
  if (ours.oldValues > 0) problems.push(`${ours.oldValues} old values were served by this cache.`);
  if (plain.oldValues === 0) problems.push('Get, set and delete served no old value: no race ran.');
  return {
    figures,
    grid: {
      head: ['', 'get, set, delete', '@glasswork/cache'],
      rows: [
        ['updates during a load', count(plain.updates), count(ours.updates)],
        ['old values served afterwards', judged(plain), judged(ours)],
      ],
    },
    notes: [
      'With get, set and delete, the load writes its old value after the delete, and every process serves it until ' +
        `its TTL ends: for ${TTL_MINUTES} minutes here. With @glasswork/cache a delete gives the key a new version, and ` +
        'a load that began before it cannot write.',
    ],
    closing: [[`old values after ${UPDATES} updates`, judged(plain), judged(ours)]],
    problems,
  };
}
