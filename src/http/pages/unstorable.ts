import type { Refusal } from '../rules/judge.js';
import { Remembered } from './remembered.js';

/** How long nobody waits for another's load of a response that could not be stored, milliseconds. */
export const PASS_MS = 10_000;
/** A route that has stored a response so lately is worth the wait for its next one, milliseconds. */
const WORTH_MS = 600_000;

/** The times of a route's last response that could not be stored, and of its last one that could. */
interface Times {
  refusedMs: number;
  storedMs: number;
}

/**
 * Knows which responses cannot be stored, so that no request waits for a load that it cannot share. What a process has
 * learned it can learn again: all of it is bounded and forgotten after a while.
 */
export class Unstorable {
  /** By variant: the time until which nobody waits, and the reason. */
  readonly #variants = new Remembered<{ readonly untilMs: number; readonly reason: string }>(1_000);
  readonly #routes = new Remembered<Times>(100);

  /** True if the last response of this variant could not be stored, so that no request waits for another. */
  isKnown(variant: string, now: number): boolean {
    return (this.#variants.get(variant)?.untilMs ?? 0) > now;
  }

  /** True if the route has lately had responses that could not be stored, and no other: then its next one will hardly be. */
  isLikely(route: string | undefined, now: number): boolean {
    const times = this.#routes.get(route ?? '');
    return (
      times !== undefined && now - times.refusedMs < PASS_MS && now - times.storedMs > WORTH_MS
    );
  }

  refused(variant: string, route: string | undefined, reason: string, now: number): void {
    this.#variants.set(variant, { untilMs: now + PASS_MS, reason });
    if (BY_HEADERS.has(reason)) this.#timesOf(route).refusedMs = now;
  }

  /** A response was stored, or found in the store. */
  stored(variant: string, route: string | undefined, now: number): void {
    this.#variants.delete(variant);
    this.#timesOf(route).storedMs = now;
  }

  /**
   * Learns from a response that has passed: if it could be stored, the next request leads a load again, and else nobody
   * waits for longer. Only if headers were the reason, because nothing else is known of a response that passes.
   */
  passed(
    variant: string,
    route: string | undefined,
    refusal: Refusal | undefined,
    now: number,
  ): void {
    const known = this.#variants.get(variant);
    if (known && !BY_HEADERS.has(known.reason)) return;
    if (refusal) this.refused(variant, route, refusal, now);
    else this.#variants.delete(variant);
  }

  #timesOf(route = ''): Times {
    const known = this.#routes.get(route);
    if (known) return known;
    const times = { refusedMs: Number.NEGATIVE_INFINITY, storedMs: Number.NEGATIVE_INFINITY };
    this.#routes.set(route, times);
    return times;
  }
}

/** Reasons that depend on the headers of the response alone, not on its request. */
const BY_HEADERS: ReadonlySet<string> = new Set<Refusal>([
  'status',
  'set-cookie',
  'cache-control',
  'no-store',
  'private',
  'no-cache',
  'vary',
  'stream',
  'headers',
  'no-freshness',
  'stale',
]);
