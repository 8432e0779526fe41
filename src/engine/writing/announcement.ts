import { CacheError } from '../../model/errors.js';
import { type Invalidated, listOf, nameOf, type OnInvalidate } from '../../model/invalidated.js';
import { monotonic } from '../../model/time.js';
import { INVALIDATION_BUDGET_MS, reasonOf, type StoreAccess } from '../store-access.js';

/** The least time that `onInvalidate` gets, milliseconds, if the store has used up the invalidation's budget. */
const LEAST_MS = 1_000;

/** The store's part of an invalidation. */
export interface StoreOutcome {
  readonly operation: string;
  readonly soft: boolean;
  /** Undefined if the store confirmed nothing. */
  readonly confirmed: Invalidated | undefined;
  /** The names that the store did not confirm, and the first error. */
  readonly failed?: { readonly names: readonly string[]; readonly error: unknown } | undefined;
}

/** Ends an invalidation. */
export type End = (outcome: StoreOutcome) => Promise<void>;

/**
 * Ends invalidations: tells `onInvalidate` exactly what the store has confirmed, and waits for it. Rejects unless the
 * store and `onInvalidate` have confirmed everything.
 */
export class Announcements {
  readonly #access: StoreAccess;
  readonly #onInvalidate: OnInvalidate | undefined;

  constructor(access: StoreAccess, onInvalidate: OnInvalidate | undefined) {
    this.#access = access;
    this.#onInvalidate = onInvalidate;
  }

  /** Begins the budget of an invalidation. Returns the function that ends the invalidation. */
  begin(): End {
    const until = monotonic() + INVALIDATION_BUDGET_MS;
    return async (outcome) => {
      const refusal = await this.#tell(outcome, until);
      if (outcome.failed) throw whole(outcome, outcome.failed, refusal);
      if (refusal) throw refusal;
    };
  }

  /** Resolves to the error if `onInvalidate` rejects, throws, or does not end in time. */
  async #tell(
    { operation, confirmed, soft }: StoreOutcome,
    until: number,
  ): Promise<CacheError | undefined> {
    const onInvalidate = this.#onInvalidate;
    if (!onInvalidate || !confirmed) return undefined;
    const ms = Math.max(until - monotonic(), LEAST_MS);
    try {
      const telling = async () => onInvalidate({ ...confirmed, soft });
      await this.#access.inTime(telling, ms, 'onInvalidate did not end');
      return undefined;
    } catch (cause) {
      const what = nameOf(confirmed);
      const message = `The store confirmed ${operation} (${what}), but onInvalidate did not: what it purges may still serve the old value. ${reasonOf(cause)}`;
      return new CacheError('NOT_CONFIRMED', message, { subject: what, cause });
    }
  }
}

/** The store's first error, with everything that was and was not done. */
function whole(
  { confirmed }: StoreOutcome,
  { names, error }: NonNullable<StoreOutcome['failed']>,
  refusal: CacheError | undefined,
): unknown {
  if (!confirmed || !(error instanceof CacheError)) return error;
  const done = `Not confirmed: ${listOf(names)}. Confirmed by the store: ${nameOf(confirmed)}.`;
  const message = [error.message, done, refusal?.message].filter(Boolean).join(' ');
  return new CacheError(error.code, message, { subject: error.subject, cause: error.cause });
}
