import { readFileSync } from 'node:fs';
import standard from '../../../infrastructure/prices.json' with { type: 'json' };
import { UsageError } from '../exit.js';

export interface NodePrice {
  readonly type: string;
  readonly memoryGB: number;
  readonly hour: number;
}

/** The prices of a region's services, in US dollars on demand. A service without a price is left out. */
export interface Prices {
  readonly sources?: readonly { services: readonly string[]; source: string; date: string }[];
  readonly dynamodb?: {
    readonly readsPerMillion: number;
    readonly writesPerMillion: number;
    readonly gbMonth: number;
  };
  readonly dax?: readonly NodePrice[];
  readonly elasticache?: readonly NodePrice[];
  readonly serverless?: {
    readonly gbHour: number;
    readonly leastGB: number;
    readonly ecpusPerMillion: number;
  };
  readonly s3?: S3Price;
  readonly s3Express?: S3Price & { readonly gbRead: number; readonly gbWritten: number };
  readonly nat?: { readonly hour: number; readonly gb: number };
  readonly lambda?: { readonly gbSecond: number };
}

export interface S3Price {
  readonly getsPerMillion: number;
  readonly putsPerMillion: number;
  readonly gbMonth: number;
}

export type Service = Exclude<keyof Prices, 'sources'>;

export interface PriceList {
  readonly date: string;
  readonly source: string;
  readonly regions: Readonly<Record<string, Prices>>;
}

const NODE = ['memoryGB', 'hour'];

/** The numbers of each service; those of `dax` and `elasticache` are of each node. */
const NUMBERS: Readonly<Record<Service, readonly string[]>> = {
  dynamodb: ['readsPerMillion', 'writesPerMillion', 'gbMonth'],
  dax: NODE,
  elasticache: NODE,
  serverless: ['gbHour', 'leastGB', 'ecpusPerMillion'],
  s3: ['getsPerMillion', 'putsPerMillion', 'gbMonth'],
  s3Express: ['getsPerMillion', 'putsPerMillion', 'gbMonth', 'gbRead', 'gbWritten'],
  nat: ['hour', 'gb'],
  lambda: ['gbSecond'],
};

/** The prices of a region, from the package or a file of the same form. @throws UsageError. */
export function pricesOf(
  region: string,
  file: string | undefined,
): { list: PriceList; prices: Prices } {
  const list: PriceList = file === undefined ? standard : checked(file);
  if (Object.hasOwn(list.regions, region)) return { list, prices: list.regions[region] ?? {} };
  const known = Object.keys(list.regions).join(', ');
  throw new UsageError(
    `There are no prices of ${region}, only of ${known}. Give one of these with --region, or your own prices with --prices FILE: docs/cost.md has the form.`,
  );
}

function checked(file: string): PriceList {
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`The prices in ${file} cannot be read: ${String(Object(error).message)}`);
  }
  const { date, source, regions } = Object(list);
  for (const [name, text] of Object.entries({ date, source }))
    if (typeof text !== 'string' || text === '')
      throw new UsageError(`${file} has no ${name}: say when and where the prices were found.`);
  const entries = Object.entries(isRecord(regions) ? regions : {});
  if (entries.length === 0) throw new UsageError(`${file} has no regions.`);
  for (const [region, prices] of entries) checkRegion(prices, `regions.${region}`);
  // Each part of it was checked.
  return list as PriceList;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws UsageError for a service that does not exist, and for a price that is missing or no number. */
function checkRegion(prices: unknown, path: string): void {
  if (!isRecord(prices)) throw new UsageError(`${path} is no object.`);
  const services = Object.entries(prices).filter(([name]) => name !== 'sources');
  for (const [name, price] of services) {
    // `hasOwn` has found the name among them.
    const numbers = Object.hasOwn(NUMBERS, name) ? NUMBERS[name as Service] : undefined;
    if (!numbers)
      throw new UsageError(
        `${path}.${name} is no service: there are ${Object.keys(NUMBERS).join(', ')}.`,
      );
    if (numbers !== NODE) checkNumbers(price, numbers, `${path}.${name}`);
    else if (!Array.isArray(price) || price.length === 0)
      throw new UsageError(`${path}.${name} is no list of nodes.`);
    else
      for (const [i, node] of price.entries()) {
        checkNumbers(node, numbers, `${path}.${name}[${i}]`);
        if (typeof Object(node).type !== 'string' || Object(node).memoryGB === 0)
          throw new UsageError(`${path}.${name}[${i}] needs a type and memory.`);
      }
  }
  if (!['dynamodb', 'elasticache', 'serverless', 's3', 's3Express'].some((name) => prices[name]))
    throw new UsageError(`${path} has no price of a store.`);
}

function checkNumbers(given: unknown, names: readonly string[], path: string): void {
  for (const name of names) {
    const value: unknown = Object(given)[name];
    if (Number.isFinite(value) && Number(value) >= 0) continue;
    throw new UsageError(`${path}.${name} is ${JSON.stringify(value)}: give a number.`);
  }
}
