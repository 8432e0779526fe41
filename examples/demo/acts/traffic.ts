import { ItemDatabase, type Queryable } from '../../api/item-database.js';
import { createRoutes } from '../../api/routes.js';
import type { Act, Stage } from '../act.js';
import { usdPerMillionRequests } from '../capacity.js';
import { DemoError, readWorkload, type Workload } from '../clusters.js';
import type { Column, Columns } from '../columns.js';
import { dynamoDBStore } from '../dynamodb-store.js';
import { createFleet, tieredStore } from '../fleet.js';
import type { Options } from '../options.js';
import { type Database, distant, startDatabase } from '../origin.js';
import { type Outcome as RunOutcome, run } from '../run.js';
import { TABLES } from '../tables.js';
import { rounded } from '../text.js';
import { drawTraffic, type Traffic } from '../traffic.js';
import { describe, outcomeOf } from './traffic-report.js';

/** Two cores carry this rate three times at once without a queue, so that latencies are those of the work. */
const ARRIVALS_PER_SECOND = 80;
const WARM_UP_REQUESTS = 200;
/** Of an item as JSON, without its id and description. */
const ITEM_BYTES = 190;
const KEY_START = 'item:';

/** @throws DemoError when the cluster has no traffic that can be drawn, or nothing is read. */
export function trafficAct(options: Options): Act {
  const { cluster, requests, seed } = options;
  const workload = readWorkload(cluster);
  const traffic = drawTraffic(workload, requests, seed, ARRIVALS_PER_SECOND);
  if (!traffic.requests.some(({ kind }) => kind === 'read')) {
    throw new DemoError(`None of ${requests} requests of cluster ${cluster} reads: give more.`);
  }
  return {
    letter: 'a',
    name: 'traffic',
    title: 'Traffic',
    compares:
      'The same production traffic goes to three copies of the example API at the same time: without a cache, with ' +
      'DynamoDB, and with a memory tier above DynamoDB.',
    details: describe(workload, traffic, options),
    async play(stage) {
      const database = startDatabase();
      try {
        const columns = await measure(stage, database, workload, traffic, options);
        return outcomeOf(columns, cluster);
      } finally {
        await database.kill();
      }
    },
  };
}

async function measure(
  { progress, dynamodb }: Stage,
  database: Database,
  workload: Workload,
  traffic: Traffic,
  { seed, origin }: Options,
): Promise<Columns> {
  const idLength = Math.max(1, workload.keyBytes - KEY_START.length);
  await database.call('setUp', {
    items: traffic.items,
    maxAges: traffic.maxAges,
    idLength,
    valueBytes: workload.valueBytes,
    bareBytes: ITEM_BYTES + idLength,
  });
  // The same seed: the networks of all three copies are alike.
  const origins = {
    none: distant(() => database, origin, seed + 2),
    dynamodb: distant(() => database, origin, seed + 2),
    tiered: distant(() => database, origin, seed + 2),
  };
  const fleets = (keyPrefix: string) => ({
    none: withoutCache(origins.none),
    dynamodb: createFleet(origins.dynamodb, keyPrefix, () =>
      dynamoDBStore(dynamodb.endpoint, TABLES.traffic),
    ),
    tiered: createFleet(origins.tiered, keyPrefix, () =>
      tieredStore(dynamodb.endpoint, TABLES.trafficTiered),
    ),
  });
  /** All at once: whatever else this machine does meanwhile, it does to all of them. */
  const sendAll = (to: ReturnType<typeof fleets>, sent: Traffic, what: string) =>
    Promise.all([
      run(sent, idLength, to.none.create, () => {}),
      run(sent, idLength, to.dynamodb.create, () => {}),
      run(sent, idLength, to.tiered.create, (done) =>
        progress.step(`a  ${what}`, done, sent.requests.length),
      ),
    ]);

  const warming = fleets('warm-up');
  await sendAll(warming, warmUpOf(workload, traffic, seed), 'warming up');
  await Promise.all([warming.dynamodb.close(), warming.tiered.close()]);
  for (const one of Object.values(origins)) one.take();
  for (const table of Object.values(TABLES)) await dynamodb.process.call('units', table);

  const fleet = fleets('shop');
  const [none, cached, tiered] = await sendAll(fleet, traffic, 'measuring');
  progress.clear();
  reportLateness(progress.say, traffic, [none, cached, tiered]);
  const requests = traffic.requests.length;
  const column = async (ran: RunOutcome, name: 'dynamodb' | 'tiered'): Promise<Column> => {
    const { hits, misses, errors } = await fleet[name].close();
    const units = await dynamodb.process.call('units', TABLE_OF[name]);
    return {
      ...{ ...ran, requests, units, queries: origins[name].take() },
      errors: [...ran.errors, ...errors],
      usdPerMillion: rounded(usdPerMillionRequests(units, requests), 4),
      hitRatio: rounded(hits / Math.max(1, hits + misses), 4),
    };
  };
  return {
    none: { ...none, ...NOTHING, requests, queries: origins.none.take() },
    dynamodb: await column(cached, 'dynamodb'),
    tiered: await column(tiered, 'tiered'),
  };
}

const TABLE_OF = { dynamodb: TABLES.traffic, tiered: TABLES.trafficTiered } as const;
const NOTHING = { units: { readUnits: 0, writeUnits: 0 }, usdPerMillion: 0, hitRatio: 0 };

const withoutCache = (database: Queryable) => ({
  create: () => ({
    routes: createRoutes(new ItemDatabase({ database })),
    takeSource: () => undefined,
  }),
});

/** It is drawn for items of another number. */
function warmUpOf(workload: Workload, traffic: Traffic, seed: number): Traffic {
  const warmUp = drawTraffic(workload, WARM_UP_REQUESTS, seed + 4, ARRIVALS_PER_SECOND);
  const requests = warmUp.requests.map((one) => ({
    ...one,
    item: (one.item % traffic.items) + 1,
  }));
  return { ...warmUp, requests };
}

function reportLateness(
  say: (text: string) => void,
  traffic: Traffic,
  runs: readonly RunOutcome[],
): void {
  const late = Math.max(...runs.map(({ putOff }) => putOff)) / 1_000;
  if (late <= 0.1 * (traffic.requests.length / ARRIVALS_PER_SECOND)) return;
  say(
    `This machine is busy: arrivals were put off by ${late.toFixed(1)} s, and latencies are high.`,
  );
}
