import { createRequire } from 'node:module';
import { type Item, readUnits, type Units, writeUnits } from './capacity.js';

interface Request {
  readonly ConsistentRead?: boolean;
}

/** What dynalite calls inside for each single item of a request, with the items before and after. */
interface DynaliteInternals {
  addConsumedCapacity(request: Request, isRead: boolean, item?: Item, newItem?: Item): unknown;
  checkConditional(request: Request, item?: Item): unknown;
}

export interface Meter {
  /** What was used since the last call. */
  take(): Units;
}

/**
 * Counts the units of every request to dynalite in this process, where both the old and the new item are known: a
 * proxy in front of it would see neither. Scans are not counted; the demo makes none.
 */
export function countUnits(): Meter {
  const internals = createRequire(import.meta.url)('dynalite/db') as DynaliteInternals;
  const { addConsumedCapacity, checkConditional } = internals;
  let units: Units = { readUnits: 0, writeUnits: 0 };
  const add = (more: Units) => {
    units = {
      readUnits: units.readUnits + more.readUnits,
      writeUnits: units.writeUnits + more.writeUnits,
    };
  };
  internals.addConsumedCapacity = (request, isRead, item, newItem) => {
    if (isRead) add({ readUnits: readUnits(item, request.ConsistentRead === true), writeUnits: 0 });
    else add({ readUnits: 0, writeUnits: writeUnits(item, newItem) });
    return addConsumedCapacity(request, isRead, item, newItem);
  };
  internals.checkConditional = (request, item) => {
    const refusal = checkConditional(request, item);
    // A write whose condition fails changes nothing, and is paid for.
    if (refusal) add({ readUnits: 0, writeUnits: writeUnits(item, undefined) });
    return refusal;
  };
  return {
    take() {
      const taken = units;
      units = { readUnits: 0, writeUnits: 0 };
      return taken;
    },
  };
}
