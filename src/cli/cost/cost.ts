import type { Prices } from './prices.js';
import type { Workload } from './workload.js';

/** Hours and seconds of an average month. */
export const HOURS = 730;
export const SECONDS = HOURS * 3600;
const GB = 1024 ** 3;
const MILLION = 1e6;
/** The service's data about a value, and the names, version and times of the record, bytes. */
export const RECORD_BYTES = 300;
/** A DynamoDB record stays at least this long, so that it can refuse late fills, seconds. */
const LEAST_LIFE = 3600;
/** The part of a node's memory that values may take. */
const USABLE = 0.75;
/** The primary and a replica in another zone. */
const NODES = 2;

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

/** The traffic of a month. */
interface Traffic {
  readonly reads: number;
  readonly fills: number;
  readonly itemBytes: number;
  /** The size of all values that are stored at once. */
  readonly storedBytes: number;
  readonly tags: number;
}

/** The monthly cost of each store. */
export function costs(workload: Workload, prices: Prices): Cost[] {
  const traffic = trafficOf(workload, 0);
  const { tierHitRatio } = workload;
  const rows = [
    dynamodb(traffic, prices, 0.5, 'DynamoDB'),
    dynamodb(traffic, prices, 1, 'DynamoDB, consistent'),
    ...(tierHitRatio === undefined
      ? []
      : [dynamodb(trafficOf(workload, tierHitRatio), prices, 0.5, 'Memory, then DynamoDB')]),
    dax(traffic, prices),
    elasticache(traffic, prices),
    elasticache(traffic, prices, 'NAT'),
    serverless(traffic, prices),
    serverless(traffic, prices, 'NAT'),
    s3(traffic, prices.s3, 'S3'),
    s3(traffic, prices.s3Express, 'S3 Express'),
  ];
  return rows.map((row) => ({ ...row, total: row.reads + row.writes + row.fixed }));
}

type Parts = Omit<Cost, 'total'>;

function trafficOf(workload: Workload, tierHitRatio: number): Traffic {
  const { requests, hitRatio, ttl, valueBytes, keyBytes, tags, keys } = workload;
  const itemBytes = valueBytes + keyBytes + RECORD_BYTES;
  const fillsASecond = requests * (1 - hitRatio);
  // A filled value lives for its ttl, so that this many are stored at once.
  const live = Math.min(fillsASecond * Math.max(ttl, LEAST_LIFE), keys ?? Number.POSITIVE_INFINITY);
  return {
    reads: requests * SECONDS * (1 - tierHitRatio),
    fills: fillsASecond * SECONDS,
    itemBytes,
    storedBytes: live * itemBytes,
    tags,
  };
}

function dynamodb(
  traffic: Traffic,
  { dynamodb: price }: Prices,
  unit: number,
  store: string,
): Parts {
  const { reads, itemBytes, fills, storedBytes, tags } = traffic;
  // A miss costs what the smallest read does; so does the small record of each tag.
  const hits = Math.max(0, reads - fills);
  const readUnits = unit * (hits * Math.ceil(itemBytes / 4096) + (reads - hits) + reads * tags);
  const writeUnits = fills * Math.ceil(itemBytes / 1024);
  return {
    store,
    reads: (readUnits / MILLION) * price.readsPerMillion,
    writes: (writeUnits / MILLION) * price.writesPerMillion,
    fixed: (storedBytes / GB) * price.gbMonth,
    about: `${amount(readUnits)} read units, ${amount(writeUnits)} write units`,
  };
}

function dax(traffic: Traffic, prices: Prices): Parts {
  const node = nodeFor(prices.dax, traffic.storedBytes);
  // Hits stay in DAX; misses and fills go through it to the table.
  const table = dynamodb({ ...traffic, reads: traffic.fills, tags: 0 }, prices, 0.5, '');
  return {
    store: 'DAX',
    reads: table.reads,
    writes: table.writes,
    fixed: table.fixed + NODES * node.hour * node.count * HOURS,
    about: `${NODES * node.count} ${node.type}`,
  };
}

function elasticache(traffic: Traffic, prices: Prices, nat?: 'NAT'): Parts {
  const node = nodeFor(prices.elasticache, traffic.storedBytes);
  return {
    store: `ElastiCache${nat ? ', NAT' : ''}`,
    reads: 0,
    writes: 0,
    fixed: NODES * node.hour * node.count * HOURS + (nat ? prices.nat.hour * HOURS : 0),
    about: `${NODES * node.count} ${node.type}${nat ? ', 1 NAT gateway' : ''}`,
  };
}

function serverless(traffic: Traffic, prices: Prices, nat?: 'NAT'): Parts {
  const { gbHour, leastGB, ecpusPerMillion } = prices.serverless;
  const { reads, fills, itemBytes, storedBytes, tags } = traffic;
  // An ECPU for each KB that a command moves, and at least one.
  const each = Math.max(1, itemBytes / 1024);
  const hits = Math.max(0, reads - fills);
  const readECPUs = hits * each + (reads - hits) + reads * tags;
  return {
    store: `Serverless Valkey${nat ? ', NAT' : ''}`,
    reads: (readECPUs / MILLION) * ecpusPerMillion,
    writes: ((fills * each) / MILLION) * ecpusPerMillion,
    fixed:
      Math.max(leastGB, storedBytes / GB) * gbHour * HOURS + (nat ? prices.nat.hour * HOURS : 0),
    about: `${(Math.max(leastGB, storedBytes / GB)).toFixed(1)} GB, ${amount(readECPUs + fills * each)} ECPUs${nat ? ', 1 NAT gateway' : ''}`,
  };
}

interface S3Price {
  readonly getsPerMillion: number;
  readonly putsPerMillion: number;
  readonly gbMonth: number;
  readonly gbRead?: number;
  readonly gbWritten?: number;
}

function s3(
  { reads, fills, itemBytes, storedBytes, tags }: Traffic,
  price: S3Price,
  store: string,
): Parts {
  const gets = reads * (1 + tags);
  const { gbRead = 0, gbWritten = 0 } = price;
  const hits = Math.max(0, reads - fills);
  return {
    store,
    reads: (gets / MILLION) * price.getsPerMillion + ((hits * itemBytes) / GB) * gbRead,
    writes: (fills / MILLION) * price.putsPerMillion + ((fills * itemBytes) / GB) * gbWritten,
    fixed: (storedBytes / GB) * price.gbMonth,
    about: `${amount(gets)} GETs, ${amount(fills)} PUTs`,
  };
}

interface Node {
  readonly type: string;
  readonly memoryGB: number;
  readonly hour: number;
}

/** The smallest node that holds the values, or as many of the largest as do. */
function nodeFor(nodes: readonly Node[], bytes: number): Node & { count: number } {
  const fitting = nodes.find(({ memoryGB }) => memoryGB * GB * USABLE >= bytes);
  if (fitting) return { ...fitting, count: 1 };
  const largest = nodes.at(-1) ?? { type: '', memoryGB: 1, hour: 0 };
  return { ...largest, count: Math.ceil(bytes / (largest.memoryGB * GB * USABLE)) };
}

/** The monthly cost of initialising the cache, since Lambda bills that phase. */
export const initialisation = (
  { coldStarts, initMs, memoryMB }: Workload,
  { lambda }: Prices,
): number => coldStarts * (initMs / 1000) * (memoryMB / 1024) * lambda.gbSecond;

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

export interface Crossing {
  /** The cheaper one below, and the one above. */
  readonly below: string;
  readonly above: string;
  readonly requests: number;
}

/** Where the cheapest store changes, as the requests grow by steps of a twentieth. */
export function crossings(workloadAt: (requests: number) => Workload, prices: Prices): Crossing[] {
  const found: Crossing[] = [];
  let last: string | undefined;
  for (const requests of steps()) {
    const cheapest = costs(workloadAt(requests), prices).reduce((a, b) =>
      b.total < a.total ? b : a,
    );
    if (last !== undefined && last !== cheapest.store)
      found.push({ below: last, above: cheapest.store, requests });
    last = cheapest.store;
  }
  return found;
}

/** Requests a second from one in a hundred seconds to a hundred thousand, as a chart shows them. */
export function* steps(factor = 1.05): Generator<number> {
  for (let requests = 0.01; requests <= 100_000; requests *= factor) yield requests;
}
