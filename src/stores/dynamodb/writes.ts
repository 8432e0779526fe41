import type { StoreEntry } from '../../model/cache-store.js';
import { LONGEST_SEND_MS, SHORTEST_RECORD_MS } from '../../model/fence-window.js';
import { type Clock, monotonic } from '../../model/time.js';
import { isPromise } from '../../util/promises.js';
import { uniqueId } from '../../util/unique-id.js';
import type { Condition, Database, Request } from './database.js';
import type { Read } from './reads.js';
import type { RecentChanges } from './recent.js';
import { aliasesIn, partitionKey, versionOf } from './record.js';
import type { ItemValues, ValueChange } from './values.js';

/** A change to one item. */
interface Change extends Omit<ValueChange, 'id'> {
  /** Default: a fresh one. */
  readonly id?: string;
  readonly condition?: Condition | undefined;
  /** `unsent`: retried only if no byte was sent. */
  readonly retry: 'always' | 'unsent';
  /** The call's time by the wall clock and the monotonic one, if it waited for a serializer. Default: now. */
  readonly called?: readonly [wallMs: number, monotonicMs: number] | undefined;
}

/** The condition of a value's write, and how it is sent. */
export type When = Pick<Change, 'condition' | 'retry'>;

/** Never resent once bytes have left, because a late second copy would undo a later write. */
export const ALWAYS: When = { retry: 'unsent' };

/** Removes the value and leaves the version, which refuses the fills of all loads that began before it. */
const TOMBSTONE: Change = {
  expression: 'REMOVE #value, #exp, #entry SET',
  values: {},
  exp: 0,
  retry: 'always',
};

interface Parts {
  readonly database: Database;
  readonly tableName: string;
  readonly clock: Clock;
  readonly read: Read;
  readonly recent: RecentChanges;
  readonly values: ItemValues;
}

export interface Writes {
  /**
   * Resolves to false if the condition does not hold. `isOvertaken` is asked right before the value is sent. Once it
   * returns true, the value is not sent and counts as written.
   */
  value(entry: StoreEntry, when: When, isOvertaken?: () => boolean): Promise<boolean>;
  /** Records that the item was invalidated. */
  tombstone(pk: string): Promise<void>;
}

/**
 * Each write gives its item a new version. A write is not sent if the process was frozen between the call and the
 * request. If a condition fails on the write's own version, the write succeeded: an earlier try had arrived.
 */
export function versionedWrites(parts: Parts): Writes {
  const { database, tableName, clock, read, recent, values } = parts;

  async function write(pk: string, change: Change): Promise<boolean> {
    const { id = uniqueId() } = change;
    const [wallMs, monotonicMs] = change.called ?? [clock.now(), monotonic()];
    const staysUntilMs = Math.max(change.exp, wallMs + SHORTEST_RECORD_MS);
    const request = { TableName: tableName, ...updateRequest(pk, change, id, staysUntilMs) };
    // Both clocks, because some systems stop one of them during a freeze, and the wall clock may be set back.
    const isLate = () =>
      Math.max(clock.now() - wallMs, monotonic() - monotonicMs) > LONGEST_SEND_MS;
    try {
      const response = await database.send('update', request, change.retry, isLate);
      if (!response.conditionFailed) return true;
      if (response.attempts === 1) return false;
      // Consistently, because a lagging replica would not show the earlier try yet.
      const item = response.item ?? (await read(pk, true));
      return versionOf(item).startsWith(id);
    } finally {
      // Even after an error, because the write may have arrived and only its reply was lost.
      recent.add(pk);
    }
  }

  return {
    async value(entry, when, isOvertaken) {
      const pk = partitionKey(entry.key);
      const called = [clock.now(), monotonic()] as const;
      const made = values.change(entry, pk, called[0] + entry.ttl * 1000);
      // An `await` for nothing would send the write after a `del` that was called after it.
      const change = isPromise(made) ? await made : made;
      return isOvertaken?.() || write(pk, { ...change, ...when, called });
    },
    async tombstone(pk) {
      await write(pk, TOMBSTONE);
    },
  };
}

/** UpdateItem, because only it can add to a counter, so that a write that is sent twice counts twice. */
function updateRequest(
  pk: string,
  { expression, values, condition }: Change,
  id: string,
  staysUntilMs: number,
): Request {
  const UpdateExpression = `${expression} #expiresAt = :expiresAt, #ver = :ver ADD #n :one`;
  return {
    Key: { pk },
    UpdateExpression,
    ...(condition && {
      ConditionExpression: condition.expression,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
    ExpressionAttributeNames: aliasesIn(`${UpdateExpression} ${condition?.expression}`),
    ExpressionAttributeValues: {
      ...values,
      ...condition?.values,
      ':expiresAt': Math.ceil(staysUntilMs / 1000),
      ':ver': id,
      ':one': 1,
    },
  };
}
