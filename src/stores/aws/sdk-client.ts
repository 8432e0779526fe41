import { CacheError } from '../../model/errors.js';
import { withTimeout } from '../../model/time.js';

/** A client, or a function that returns one. */
export type GivenClient = object | (() => object | Promise<object>);

/** An error of the SDK or of the system. */
export interface ClientError {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

export const clientOf = async (given: GivenClient): Promise<object> =>
  typeof given === 'function' ? given() : given;

/** Opens at the first call, for all; again after a failure. */
export function openedOnce<C>(open: () => Promise<C>): () => Promise<C> {
  let opened: Promise<C> | undefined;
  return () => {
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

interface Call<C, T> {
  readonly open: () => Promise<C>;
  readonly use: (client: C, options: { readonly abortSignal: AbortSignal }) => Promise<T>;
  readonly totalMs: number;
  /** Once it returns true, the request must not be sent. */
  readonly isLate?: (() => boolean) | undefined;
}

/**
 * Calls the user's client within a time limit. The SDK has none by default, so each call gets an abort signal. A client
 * that ignores the signal, as DAX does, and the SDK while it waits for credentials, is abandoned.
 *
 * @throws The client's error; after the time limit an error named `Timeout`.
 */
export async function callClient<C, T>({ open, use, totalMs, isLate }: Call<C, T>): Promise<T> {
  const abort = new AbortController();
  const { signal } = abort;
  const call = async () => {
    const client = await open();
    signal.throwIfAborted();
    if (isLate?.()) throw new Error('a freeze came between, too long to send it now');
    return use(client, { abortSignal: signal });
  };
  try {
    return await withTimeout(call(), totalMs, () => {
      abort.abort();
      throw signal.reason;
    });
  } catch (cause) {
    throw signal.aborted ? new NoAnswer(`no answer within ${totalMs} ms`, { cause }) : cause;
  }
}

class NoAnswer extends Error {
  override readonly name = 'Timeout';
}

/** The message of an error. System errors have none if several addresses were tried. */
export function messageOf(error: unknown): string {
  const { name, code, message }: ClientError = Object(error);
  return message || String(code ?? name ?? error);
}

/** The error to report as the cause: after the time limit, the abortion. */
export const causeOf = (error: unknown): unknown =>
  error instanceof NoAnswer ? error.cause : error;

/** A setting of a client of the SDK. Undefined if the client does not expose it. */
export async function configured(client: object, setting: string): Promise<unknown> {
  const value: unknown = Object(Object(client).config)[setting];
  try {
    return typeof value === 'function' ? await value() : value;
  } catch {
    return undefined;
  }
}

/**
 * A package of the SDK. `Package` has those of its members that the store uses; `instead` completes "install it, or
 * give …".
 *
 * @throws CacheError `MISSING_PEER`.
 */
export async function loadSDK<Package>(name: string, instead: string): Promise<Package> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name).catch((cause) => {
    const message = `This client needs the package ${name}: install it, or give ${instead}.`;
    throw new CacheError('MISSING_PEER', message, { subject: name, cause });
  });
}

/** The error for a client that is not one. */
export const notAClient = (message: string): CacheError =>
  new CacheError('INVALID_OPTION', `client is not ${message}.`, { subject: 'client' });
