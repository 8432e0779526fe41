import { createRequire } from 'node:module';
import { type Item, readUnits, type Units, writeUnits } from './capacity.js';

interface Request {
  readonly TableName: string;
  readonly ConsistentRead?: boolean;
}

/** The functions that dynalite calls for each single item of a request, with the items before and after. */
interface DynaliteInternals {
  addConsumedCapacity(request: Request, isRead: boolean, item?: Item, newItem?: Item): unknown;
  checkConditional(request: Request, item?: Item): unknown;
}

export interface Meter {
  /** The units used since they were last taken: of one table, or of all. */
  take(tableName?: string): Units;
}

const NONE: Units = { readUnits: 0, writeUnits: 0 };
const sum = (a: Units, b: Units): Units => ({
  readUnits: a.readUnits + b.readUnits,
  writeUnits: a.writeUnits + b.writeUnits,
});

/**
 * Counts the units of every request to dynalite in this process, where both the old and the new item are known: a
 * proxy in front of it would see neither. Scans are not counted; the demo makes none.
 */
export function countUnits(): Meter {
  const internals = createRequire(import.meta.url)('dynalite/db') as DynaliteInternals;
  const { addConsumedCapacity, checkConditional } = internals;
  const units = new Map<string, Units>();
  const add = ({ TableName }: Request, more: Partial<Units>) =>
    units.set(TableName, sum(units.get(TableName) ?? NONE, { ...NONE, ...more }));
  internals.addConsumedCapacity = (request, isRead, item, newItem) => {
    if (isRead) add(request, { readUnits: readUnits(item, request.ConsistentRead === true) });
    else add(request, { writeUnits: writeUnits(item, newItem) });
    return addConsumedCapacity(request, isRead, item, newItem);
  };
  internals.checkConditional = (request, item) => {
    const refusal = checkConditional(request, item);
    // A write whose condition fails changes nothing, and is paid for.
    if (refusal) add(request, { writeUnits: writeUnits(item, undefined) });
    return refusal;
  };
  return {
    take(tableName) {
      const names = tableName === undefined ? [...units.keys()] : [tableName];
      const taken = names.map((name) => units.get(name) ?? NONE).reduce(sum, NONE);
      for (const name of names) units.delete(name);
      return taken;
    },
  };
}
