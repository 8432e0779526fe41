import { GB, nodeFor } from './nodes.js';
import type { Prices, S3Price, Service } from './prices.js';
import type { Workload } from './workload.js';

/** Hours and seconds of an average month. */
export const HOURS = 730;
export const SECONDS = HOURS * 3600;
const MILLION = 1e6;
/** The service's data about a value, and the names, version and times of the record, bytes. */
export const RECORD_BYTES = 300;
/** A DynamoDB record stays at least this long, so that it can refuse late fills, seconds. */
const LEAST_LIFE = 3600;
/** The primary and a replica in another zone. */
const NODES = 2;
/** The most bytes that an item of DynamoDB holds. */
const ITEM_LIMIT = 400 * 1024;

export interface Cost {
  readonly store: string;
  /** US dollars a month. */
  readonly reads: number;
  readonly writes: number;
  /** Storage, nodes and gateways. */
  readonly fixed: number;
  readonly total: number;
  readonly about: string;
}

/** A store without a cost, and the reason. */
export interface LeftOut {
  readonly store: string;
  readonly reason: string;
}

type Parts = Omit<Cost, 'store' | 'total'>;

/** The traffic of a month. */
interface Traffic {
  readonly reads: number;
  readonly fills: number;
  readonly itemBytes: number;
  /** The size of all values that are stored at once. */
  readonly storedBytes: number;
  readonly tags: number;
}

/** The monthly cost of each store whose prices are known. */
export const costs = (workload: Workload, prices: Prices): Cost[] =>
  offers(workload).flatMap(({ store, parts }) => {
    const priced = parts(prices);
    return 'reason' in priced
      ? []
      : [{ store, ...priced, total: priced.reads + priced.writes + priced.fixed }];
  });

/** The stores that `costs` leaves out. */
export const leftOut = (workload: Workload, prices: Prices): LeftOut[] =>
  offers(workload).flatMap(({ store, parts }) => {
    const priced = parts(prices);
    return 'reason' in priced ? [{ store, reason: priced.reason }] : [];
  });

interface Offer {
  readonly store: string;
  parts(prices: Prices): Parts | { readonly reason: string };
}

function offers(workload: Workload): Offer[] {
  const traffic = trafficOf(workload, 0);
  const table = trafficOf(workload, 0, LEAST_LIFE);
  const { tierHitRatio } = workload;
  const tooLarge =
    traffic.itemBytes > ITEM_LIMIT
      ? `an item holds 400 KB, and this record has ${Math.ceil(traffic.itemBytes / 1024)} KB`
      : undefined;
  return [
    offer('DynamoDB', ['dynamodb'], (p) => dynamodb(table, p.dynamodb, 0.5), tooLarge),
    offer('DynamoDB, consistent', ['dynamodb'], (p) => dynamodb(table, p.dynamodb, 1), tooLarge),
    ...(tierHitRatio === undefined
      ? []
      : [
          offer(
            'Memory, then DynamoDB',
            ['dynamodb'],
            (p) => dynamodb(trafficOf(workload, tierHitRatio, LEAST_LIFE), p.dynamodb, 0.5),
            tooLarge,
          ),
        ]),
    offer('DAX', ['dax', 'dynamodb'], (p) => dax(table, p), tooLarge),
    offer('ElastiCache', ['elasticache'], (p) => elasticache(traffic, p)),
    offer('ElastiCache, NAT', ['elasticache', 'nat'], (p) => withNAT(elasticache(traffic, p), p)),
    offer('Serverless Valkey', ['serverless'], (p) => serverless(traffic, p)),
    offer('Serverless Valkey, NAT', ['serverless', 'nat'], (p) =>
      withNAT(serverless(traffic, p), p),
    ),
    offer('S3', ['s3'], (p) => s3(traffic, p.s3)),
    offer('S3 Express', ['s3Express'], (p) => s3(traffic, p.s3Express)),
  ];
}

type Priced<S extends Service> = Required<Pick<Prices, S>>;

/** A store that can be priced where all the services that it needs are. */
function offer<S extends Service>(
  store: string,
  needs: readonly S[],
  parts: (prices: Priced<S>) => Parts,
  refusal?: string,
): Offer {
  const has = (prices: Prices): prices is Prices & Priced<S> =>
    needs.every((service) => prices[service] !== undefined);
  return {
    store,
    parts(prices) {
      if (refusal !== undefined) return { reason: refusal };
      if (has(prices)) return parts(prices);
      const missing = needs.filter((service) => prices[service] === undefined);
      return { reason: `no price of ${missing.join(' and ')}` };
    },
  };
}

function trafficOf(workload: Workload, tierHitRatio: number, leastLife = 0): Traffic {
  const { requests, hitRatio, ttl, valueBytes, keyBytes, tags, keys } = workload;
  const itemBytes = valueBytes + keyBytes + RECORD_BYTES;
  const fillsASecond = requests * (1 - hitRatio);
  // A filled value lives for its ttl, so that this many are stored at once.
  const live = Math.min(fillsASecond * Math.max(ttl, leastLife), keys ?? Number.POSITIVE_INFINITY);
  return {
    reads: requests * SECONDS * (1 - tierHitRatio),
    fills: fillsASecond * SECONDS,
    itemBytes,
    storedBytes: live * itemBytes,
    tags,
  };
}

function dynamodb(traffic: Traffic, price: Priced<'dynamodb'>['dynamodb'], unit: number): Parts {
  const { reads, itemBytes, fills, storedBytes, tags } = traffic;
  // A miss costs what the smallest read does; so does the small record of each tag.
  const hits = Math.max(0, reads - fills);
  const readUnits = unit * (hits * Math.ceil(itemBytes / 4096) + (reads - hits) + reads * tags);
  const writeUnits = fills * Math.ceil(itemBytes / 1024);
  return {
    reads: (readUnits / MILLION) * price.readsPerMillion,
    writes: (writeUnits / MILLION) * price.writesPerMillion,
    fixed: (storedBytes / GB) * price.gbMonth,
    about: `${amount(readUnits)} read units, ${amount(writeUnits)} write units`,
  };
}

function dax(traffic: Traffic, prices: Priced<'dax' | 'dynamodb'>): Parts {
  const node = nodeFor(prices.dax, traffic.storedBytes);
  // Hits stay in DAX; misses and fills go through it to the table.
  const table = dynamodb({ ...traffic, reads: traffic.fills, tags: 0 }, prices.dynamodb, 0.5);
  return {
    ...table,
    fixed: table.fixed + NODES * node.hour * node.count * HOURS,
    about: `${NODES * node.count} ${node.type}`,
  };
}

function elasticache({ storedBytes }: Traffic, prices: Priced<'elasticache'>): Parts {
  const node = nodeFor(prices.elasticache, storedBytes);
  return {
    reads: 0,
    writes: 0,
    fixed: NODES * node.hour * node.count * HOURS,
    about: `${NODES * node.count} ${node.type}`,
  };
}

/** A function in a VPC reaches the internet through a gateway. */
const withNAT = (parts: Parts, { nat }: Priced<'nat'>): Parts => ({
  ...parts,
  fixed: parts.fixed + nat.hour * HOURS,
  about: `${parts.about}, 1 NAT gateway`,
});

function serverless(traffic: Traffic, prices: Priced<'serverless'>): Parts {
  const { gbHour, leastGB, ecpusPerMillion } = prices.serverless;
  const { reads, fills, itemBytes, storedBytes, tags } = traffic;
  // An ECPU for each KB that a command moves, and at least one.
  const each = Math.max(1, itemBytes / 1024);
  const hits = Math.max(0, reads - fills);
  const readECPUs = hits * each + (reads - hits) + reads * tags;
  const gigabytes = Math.max(leastGB, storedBytes / GB);
  return {
    reads: (readECPUs / MILLION) * ecpusPerMillion,
    writes: ((fills * each) / MILLION) * ecpusPerMillion,
    fixed: gigabytes * gbHour * HOURS,
    about: `${gigabytes.toFixed(1)} GB, ${amount(readECPUs + fills * each)} ECPUs`,
  };
}

function s3(
  { reads, fills, itemBytes, storedBytes, tags }: Traffic,
  price: S3Price & { readonly gbRead?: number; readonly gbWritten?: number },
): Parts {
  const gets = reads * (1 + tags);
  const { gbRead = 0, gbWritten = 0 } = price;
  const hits = Math.max(0, reads - fills);
  return {
    reads: (gets / MILLION) * price.getsPerMillion + ((hits * itemBytes) / GB) * gbRead,
    writes: (fills / MILLION) * price.putsPerMillion + ((fills * itemBytes) / GB) * gbWritten,
    fixed: (storedBytes / GB) * price.gbMonth,
    about: `${amount(gets)} GETs, ${amount(fills)} PUTs`,
  };
}

/** The monthly cost of initialising the cache, since Lambda bills that phase; undefined without its price. */
export const initialisation = (
  { coldStarts, initMs, memoryMB }: Workload,
  { lambda }: Prices,
): number | undefined =>
  lambda && coldStarts * (initMs / 1000) * (memoryMB / 1024) * lambda.gbSecond;

const UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** As in `1.3 G`. */
function amount(count: number): string {
  const [size, unit] = UNITS.find(([each]) => count >= each) ?? [1, ''];
  return `${(count / size).toFixed(count >= 1e3 ? 1 : 0)}${unit && ` ${unit}`}`;
}
