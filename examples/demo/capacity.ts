/** An attribute as DynamoDB's wire format has it; the cache writes strings, numbers and bytes. */
export type AttributeValue = { S: string } | { N: string } | { B: string };
export type Item = Readonly<Record<string, AttributeValue>>;

/**
 * On demand in us-east-1, USD a million units. In force since November 2024; from a secondary source of July 2025,
 * https://airbyte.com/data-engineering-resources/dynamodb-pricing. AWS's own page has the last word.
 */
export const USD_PER_MILLION = { readUnits: 0.125, writeUnits: 0.625 } as const;

const READ_STEP_BYTES = 4 * 1024;
const WRITE_STEP_BYTES = 1024;

/** What DynamoDB counts of an item: the UTF-8 names and the values of all attributes. */
export function itemBytes(item: Item | undefined): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item ?? {})) {
    bytes += Buffer.byteLength(name) + valueBytes(value);
  }
  return bytes;
}

function valueBytes(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S);
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('N' in value) return numberBytes(value.N);
  throw new Error(`This cache writes no attributes of type ${Object.keys(value).join()}.`);
}

/** About a byte for two significant digits, and one more; a sign takes another. */
function numberBytes(number: string): number {
  const digits = number
    .replace(/e.*$/i, '')
    .replace(/[-+.]/g, '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1 + (number.startsWith('-') ? 1 : 0);
}

/** An eventually consistent read costs half; a read that finds nothing costs one step. Batches pay per item. */
export function readUnits(item: Item | undefined, consistent: boolean): number {
  const steps = Math.max(1, Math.ceil(itemBytes(item) / READ_STEP_BYTES));
  return consistent ? steps : steps / 2;
}

/** By the larger of before and after; a failed condition pays for what is there. */
export function writeUnits(before: Item | undefined, after: Item | undefined): number {
  const bytes = Math.max(itemBytes(before), itemBytes(after));
  return Math.max(1, Math.ceil(bytes / WRITE_STEP_BYTES));
}

export interface Units {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** USD for a million requests such as those that took these units; storage is not in it. */
export function usdPerMillionRequests(units: Units, requests: number): number {
  const usd =
    (units.readUnits * USD_PER_MILLION.readUnits + units.writeUnits * USD_PER_MILLION.writeUnits) /
    1e6;
  return (usd / requests) * 1e6;
}
