import { readFileSync } from 'node:fs';
import standard from '../../../infrastructure/prices.json' with { type: 'json' };
import { UsageError } from '../exit.js';

export type Prices = (typeof standard.regions)['us-east-1'];
export interface PriceList {
  readonly date: string;
  readonly source: string;
  readonly regions: Readonly<Record<string, Prices>>;
}

/** The prices of a region, from the package or a file of the same form. @throws UsageError. */
export function pricesOf(
  region: string,
  file: string | undefined,
): { list: PriceList; prices: Prices } {
  const list: PriceList = file === undefined ? standard : checked(file);
  const prices = list.regions[region];
  if (prices) return { list, prices };
  const known = Object.keys(list.regions).join(', ');
  throw new UsageError(
    `There are no prices of ${region}, only of ${known}: give --prices with yours.`,
  );
}

function checked(file: string): PriceList {
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`The prices in ${file} cannot be read: ${String(Object(error).message)}`);
  }
  const regions = Object.entries(Object(Object(list).regions));
  for (const [region, prices] of regions)
    compare(standard.regions['us-east-1'], prices, `regions.${region}`);
  if (regions.length === 0) throw new UsageError(`${file} has no regions.`);
  // Compared with the standard, part by part.
  return list as PriceList;
}

/** @throws UsageError for a price that is missing or no number. */
function compare(expected: unknown, given: unknown, path: string): void {
  if (typeof expected === 'number') {
    if (typeof given === 'number' && given >= 0) return;
    throw new UsageError(`${path} is ${JSON.stringify(given)}: give a number.`);
  }
  if (typeof expected !== 'object' || expected === null) return;
  if (Array.isArray(expected)) {
    if (!Array.isArray(given) || given.length === 0)
      throw new UsageError(`${path} is no list of nodes.`);
    for (const [i, node] of given.entries()) compare(expected[0], node, `${path}[${i}]`);
    return;
  }
  for (const [name, part] of Object.entries(expected))
    compare(part, Object(given)[name], `${path}.${name}`);
}
