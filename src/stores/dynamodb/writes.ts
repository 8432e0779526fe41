import { LONGEST_SEND_MS, SHORTEST_RECORD_MS } from '../../model/fence-window.js';
import { type Clock, monotonic } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import type { Condition, Database, Item, Request } from './database.js';
import type { Read } from './reads.js';
import type { RecentChanges } from './recent.js';
import { aliasesIn, versionOf } from './record.js';

/** A change to one item. */
export interface Change {
  /** An update expression that ends in an open SET, to which the version and the TTL are appended. */
  readonly expression: string;
  readonly values: Item;
  /** Unique to this write. Default: a fresh one. */
  readonly id?: string | undefined;
  /** The time when the value expires, epoch milliseconds; 0 without a value. */
  readonly exp: number;
  readonly condition?: Condition | undefined;
  /** `unsent`: retried only if no byte was sent. */
  readonly retry: 'always' | 'unsent';
  /** The call's time by the wall clock and the monotonic one, if it waited for a serializer. Default: now. */
  readonly called?: readonly [wallMs: number, monotonicMs: number] | undefined;
}

/** Removes the value and leaves the version, which refuses the fills of all loads that began before it. */
export const TOMBSTONE: Change = {
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
}

/** Makes the change. Resolves to false if its condition does not hold. */
export type Write = (pk: string, change: Change) => Promise<boolean>;

/**
 * Each write gives its item a new version. A write is not sent if the process was frozen between the call and the
 * request. If a condition fails on the write's own version, the write succeeded: an earlier try had arrived.
 */
export function versionedWrites({ database, tableName, clock, read, recent }: Parts): Write {
  return async (pk, change) => {
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
