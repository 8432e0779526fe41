/** A value that a load gave or `set` was given. What is cached is `{ id, key }`, so it can be found again. */
export interface Value {
  readonly id: number;
  /** With its prefix. */
  readonly key: string;
  readonly process: number;
  readonly kind: 'load' | 'set';
  /**
   * When the origin was asked. What `set` was given counts from when it was taken: until then it may come after an
   * invalidation, and when the answer was false, it may at any time.
   */
  began: number;
  /** When each tag was named: from then on the tag's invalidations cover the value. */
  readonly tags: Map<string, number>;
  /** When a store took it. */
  storedAt: number | undefined;
}

export type Kind =
  | 'del'
  | 'set'
  | 'invalidateTags'
  | 'expire'
  | 'expireTags'
  | 'clear'
  | 'delByPattern';

/** Kinds that leave a value servable as a stale one. */
const SOFT: readonly Kind[] = ['expire', 'expireTags'];

export interface Invalidation {
  readonly kind: Kind;
  readonly what: string;
  readonly process: number;
  readonly called: number;
  resolved: number | undefined;
  resolvedMs: number;
  /** True if the promise covers this value. */
  covers(value: Value): boolean;
}

/** How long what was invalidated may still be read, milliseconds, by a process that did not invalidate it itself. */
export interface Slack {
  readonly tags: number;
  readonly prefix: number;
  readonly lag: number;
  /** In what a nearer tier than the last holds: tags and prefixes are asked for in the last. */
  readonly copies: number;
}

const NONE: Slack = { tags: 0, prefix: 0, lag: 0, copies: 0 };

export interface Reading {
  /** The reader: a process's number, or the audit of the store itself, which may see nothing old at all. */
  readonly process: number | 'audit';
  readonly how: string;
  readonly key: string;
  /** Only what had resolved before this is held against the reading. */
  readonly since: number;
  readonly sinceMs: number;
  readonly slack?: Slack;
  /** How it was served. Soft invalidations forbid only fresh values. */
  readonly state: 'fresh' | 'stale';
  /** Holds only invalidations by the process itself against it. */
  readonly own?: boolean;
}

/**
 * Knows what may be cached. Time here is the order of what happened, one number for each thing that did.
 *
 * The properties: a load that began before `del`, `set`, `invalidateTags` or `clear` was called is never the cached
 * value once that call has resolved. One that began before `expire` or `expireTags` was called is never served as fresh.
 */
export class Oracle {
  readonly #values: Value[] = [];
  readonly #invalidations: Invalidation[] = [];
  readonly violations: string[] = [];
  #time = 0;

  /** A moment of its own. */
  tick(): number {
    return ++this.#time;
  }

  value(fields: Pick<Value, 'key' | 'process' | 'kind' | 'began'>, tags: readonly string[]): Value {
    const began = this.tick();
    const value: Value = {
      ...fields,
      id: this.#values.length,
      tags: new Map(tags.map((tag) => [tag, Math.min(fields.began, began)])),
      storedAt: undefined,
    };
    this.#values.push(value);
    return value;
  }

  stored(cached: unknown): void {
    const value = this.#find(cached);
    if (value) value.storedAt ??= this.tick();
  }

  invalidation(fields: Pick<Invalidation, 'kind' | 'what' | 'process' | 'covers'>): Invalidation {
    const invalidation = { ...fields, called: this.tick(), resolved: undefined, resolvedMs: 0 };
    this.#invalidations.push(invalidation);
    return invalidation;
  }

  resolve(invalidation: Invalidation, nowMs: number): void {
    invalidation.resolved = this.tick();
    invalidation.resolvedMs = nowMs;
  }

  fail(what: string): void {
    this.violations.push(what);
  }

  /** Holds one value that was read against everything that is promised. Undefined is a miss, and always right. */
  check(cached: unknown, reading: Reading): void {
    if (cached === undefined) return;
    const value = this.#find(cached);
    const { how, key, process, since } = reading;
    const who = process === 'audit' ? 'the store' : `p${process}`;
    if (!value) {
      this.fail(`${how} of ${key} gave ${JSON.stringify(cached)} to ${who}`);
      return;
    }
    if (value.key !== key) {
      this.fail(`${how} of ${key} gave ${who} the value #${value.id} of ${value.key}`);
      return;
    }
    for (const invalidation of this.#invalidations) {
      if (!this.#forbids(invalidation, value, reading)) continue;
      const { kind, what, called, resolved } = invalidation;
      this.fail(
        `${how} of ${key} gave ${who} #${value.id} as ${reading.state}, whose ${value.kind} by p${value.process} began at ${value.began}; ` +
          `${kind} ${what} by p${invalidation.process} was called at ${called} and resolved at ${resolved}, before ${since}`,
      );
    }
  }

  #forbids(invalidation: Invalidation, value: Value, reading: Reading): boolean {
    const { resolved, resolvedMs, kind, process } = invalidation;
    if (resolved === undefined || resolved >= reading.since) return false;
    if (SOFT.includes(kind) && reading.state === 'stale') return false;
    if (!invalidation.covers(value)) return false;
    if (process === reading.process) return true;
    if (reading.own) return false;
    const { tags, prefix, lag, copies } = reading.slack ?? NONE;
    const ofTags = kind === 'invalidateTags' || kind === 'expireTags';
    const memory = ofTags ? tags : kind === 'clear' ? prefix : copies;
    return reading.sinceMs >= resolvedMs + memory + lag;
  }

  #find(cached: unknown): Value | undefined {
    if (typeof cached !== 'object' || cached === null) return undefined;
    const { id, key } = cached as { id?: unknown; key?: unknown };
    const value = typeof id === 'number' ? this.#values[id] : undefined;
    return value && value.key === key ? value : undefined;
  }
}
