import { CacheError, readable } from '../model/errors.js';
import { type Clock, systemClock, withTimeout } from '../model/time.js';
import { noCredentials } from './no-credentials.js';
import type { Credentials } from './signature.js';

/**
 * Returns AWS credentials. They are kept until shortly before their `expiration`, or for five minutes without one, and
 * requested again immediately if the service reports them as expired.
 *
 * @example
 * ```ts
 * import { DynamoDBCacheStore } from '@glasswork/cache';
 *
 * declare function assumeRole(): Promise<{ id: string; secret: string; token: string; until: Date }>;
 *
 * const store = new DynamoDBCacheStore({
 *   tableName: 'my-cache',
 *   credentials: async () => {
 *     const { id, secret, token, until } = await assumeRole();
 *     return { accessKeyId: id, secretAccessKey: secret, sessionToken: token, expiration: until };
 *   },
 * });
 * ```
 */
export type CredentialProvider = () => Promise<
  Credentials & { readonly expiration?: Date | undefined }
>;

/** Returns credentials before each signature: immediately, if it keeps valid ones. */
export interface CredentialSource {
  (): Credentials | Promise<Credentials>;
  /** Called if the service reports these credentials as expired. Returns true if another request may bring new ones. */
  expire?(credentials: Credentials): boolean;
  /** Default: the user's function. */
  origin?(): string;
}

const USER_FUNCTION = 'the function given as credentials';

/** Credentials are renewed this long before they expire, milliseconds, or halfway if they expire sooner. */
const RENEWED_BEFORE_MS = 300_000;
/** Credentials without an expiration are kept this long, milliseconds. */
const KEPT_MS = 300_000;
/**
 * The shortest time between two calls of a provider that returns expired credentials, milliseconds. They are used
 * anyway, because this clock may be wrong and the service judges by its own.
 */
const SHORTEST_MS = 1_000;
/** The pause after a failed renewal, milliseconds, while the old credentials are still valid. */
const RENEWAL_PAUSE_MS = 5_000;
/** A call that is pending for longer, milliseconds, is abandoned, because a freeze may have cut it off. */
const LONGEST_CALL_MS = 30_000;

interface Times {
  readonly sinceMs: number;
  readonly endsMs: number;
  renewedFromMs: number;
}
interface Kept extends Times {
  readonly credentials: Credentials;
}
interface Call {
  readonly sinceMs: number;
  found: Promise<Credentials>;
}

/**
 * Keeps the credentials of a provider:
 *
 *     asked        renewed from                     end
 *     ├── kept ────┼── kept, while a renewal runs ──┼── waits for the provider ──▶
 *                  │                                │
 *                  └ end - 5 min, or halfway        └ `expiration`; without one: 5 min after the call, and no renewal
 *
 * All times are wall clock times, because the process may be frozen in between. If that clock is set back, kept
 * credentials are discarded.
 */
export function keepCredentials(
  provide: CredentialProvider,
  clock: Clock = systemClock,
): CredentialSource {
  let kept: Kept | undefined;
  let pending: Call | undefined;
  let expiredMs = Number.NEGATIVE_INFINITY;

  /** Makes one call for all requests until it has ended. */
  function ask(nowMs: number): Promise<Credentials> {
    if (pending && isWithin(nowMs, pending.sinceMs, LONGEST_CALL_MS)) return pending.found;
    const call: Call = { sinceMs: nowMs, found: provided() };
    pending = call;
    call.found = call.found.finally(() => {
      if (pending === call) pending = undefined;
    });
    return call.found;

    async function provided(): Promise<Credentials> {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = checked(
        await provide(),
        source,
      );
      // Made anew, because parts of a class instance may be getters, or hidden from a copy.
      const credentials = { accessKeyId, secretAccessKey, sessionToken };
      // An abandoned call must not replace the result of a newer one.
      if (pending === call) kept = { credentials, ...timesOf(expiration, clock.now()) };
      return credentials;
    }
  }

  const source: CredentialSource = () => {
    const nowMs = clock.now();
    if (!kept || !isWithin(nowMs, kept.sinceMs, kept.endsMs - kept.sinceMs)) return ask(nowMs);
    if (nowMs >= kept.renewedFromMs) {
      // The time of the next try if this one fails. A success replaces the record.
      kept.renewedFromMs = nowMs + RENEWAL_PAUSE_MS;
      ask(nowMs).catch(() => {});
    }
    return kept.credentials;
  };
  source.expire = (credentials) => {
    if (kept?.credentials !== credentials) return true;
    const nowMs = clock.now();
    // A provider that keeps returning expired credentials must not be called for each request.
    if (isWithin(nowMs, expiredMs, SHORTEST_MS)) return false;
    expiredMs = nowMs;
    kept = undefined;
    return true;
  };
  return source;
}

function timesOf(expiration: Date | undefined, sinceMs: number): Times {
  const leftMs = new Date(expiration ?? Number.NaN).getTime() - sinceMs;
  if (Number.isNaN(leftMs)) {
    return { sinceMs, endsMs: sinceMs + KEPT_MS, renewedFromMs: sinceMs + KEPT_MS };
  }
  const lifeMs = Math.max(leftMs, SHORTEST_MS);
  const endsMs = sinceMs + lifeMs;
  return { sinceMs, endsMs, renewedFromMs: endsMs - Math.min(RENEWED_BEFORE_MS, lifeMs / 2) };
}

const isWithin = (nowMs: number, sinceMs: number, spanMs: number): boolean =>
  nowMs >= sinceMs && nowMs - sinceMs < spanMs;

/**
 * Finds the credentials for one try, within the rest of the total time. `late` ends the message if there are none by then.
 *
 * @throws CacheError `NO_CREDENTIALS`, `TIMEOUT`, or the source's own `MISSING_PEER`.
 */
export async function findCredentials(
  source: CredentialSource,
  withinMs: number,
  late = 'before timeouts.total ran out. Check what it waits for, or raise timeouts.total',
): Promise<Credentials> {
  try {
    const found = source();
    if (!(found instanceof Promise)) return checked(found, source);
    const refuse = () => {
      throw noCredentials(`${originOf(source)} gave none ${late}.`, undefined, 'TIMEOUT');
    };
    return checked(await withTimeout(found, withinMs, refuse), source);
  } catch (cause) {
    if (cause instanceof CacheError) throw cause;
    throw noCredentials(
      `${USER_FUNCTION} failed (${shortText(cause)}). Check what it calls, or leave the option out to use AWS_ACCESS_KEY_ID, a container or a profile.`,
      cause,
    );
  }
}

/** White space, such as a line feed that was copied along, and everything else that a header cannot carry. */
const UNFIT = /[^\x21-\x7e]/;

/**
 * @throws CacheError `NO_CREDENTIALS` that names the missing or unfit part and shows none of the others. AWS would only
 * refuse the signature of an unfit one.
 */
function checked<T extends Credentials>(given: T, source: CredentialSource): T {
  const parts: Partial<Record<keyof Credentials, unknown>> = Object(given);
  for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    const part = parts[name];
    if (name === 'sessionToken' && (part ?? '') === '') continue;
    if (typeof part !== 'string' || part === '')
      throw noCredentials(
        `${USER_FUNCTION} returned no ${name}. Return { accessKeyId, secretAccessKey, sessionToken?, expiration? }.`,
      );
    if (UNFIT.test(part))
      throw noCredentials(
        `the ${name} from ${originOf(source)} contains white space or a character that credentials never have. Remove it.`,
      );
  }
  return given;
}

/** The name of the source, for messages. */
export const originOf = ({ origin }: CredentialSource): string => origin?.() ?? USER_FUNCTION;

/** An error's text, cut to fit into a message. */
export const shortText = (error: unknown): string => String(readable(error)).slice(0, 200);
