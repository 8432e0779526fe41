import { LONGEST_SEND_MS } from '../../model/fence-window.js';
import { type Clock, monotonic, pause, withTimeout } from '../../model/time.js';
import { uniqueId } from '../../util/unique-id.js';
import { nothingLive, type When } from './conditions.js';
import { ABSENT, type Database, type ETag } from './database.js';
import { s3Error } from './error.js';
import { type Content, HEAD_BYTES, s3Record } from './record.js';

/** The most tries of a write that loses against other processes. Each time, one of them wins. */
const MOST_ROUNDS = 16;
/** The longest that a write waits for the one before it, from when that one began, milliseconds: it may hang. */
const LONGEST_TURN_MS = 500;
/** The longest pause before another try, per round, milliseconds. */
const PAUSE_MS = 10;

export interface WriteOptions {
  /** A first guess at the ETag, which saves a request. */
  readonly etag?: ETag | undefined;
  /** The time of the call, by both clocks. Default: now. */
  readonly called?: readonly [wallMs: number, monotonicMs: number] | undefined;
  /** Asked before each try. Once it returns true, the write is not sent and counts as written. */
  readonly isOvertaken?: (() => boolean) | undefined;
}

/** Writes an object. Resolves to false if its condition does not hold. */
export type Write = (
  name: string,
  content: Content,
  when: When,
  options?: WriteOptions,
) => Promise<boolean>;

/** The place of a write among those of its key. Neither promise rejects. */
interface Turn {
  readonly begun: Promise<unknown>;
  readonly ended: Promise<unknown>;
}

/** The end of a turn, or the time at which it counts as hanging. */
const endOf = ({ begun, ended }: Turn): Promise<unknown> =>
  begun.then(() => withTimeout(ended, LONGEST_TURN_MS, ignore));

const ignore = (): void => {};

interface Prepared {
  readonly id: string;
  readonly body: Uint8Array;
  readonly isLate: () => boolean;
  readonly isOvertaken?: WriteOptions['isOvertaken'];
}

/**
 * Every write is conditional on the object's ETag, those of `set` and `del` as well, after a read. Otherwise a request
 * that is sent twice (a retry whose first try succeeded) could restore an object, with its old ETag, that a later write
 * had replaced, and a fill from before that write would find its ETag again.
 *
 * The writes of one key wait for each other in this process, so that they do not fail one another's conditions.
 */
export function versionedWrites(database: Database, clock: Clock): Write {
  const last = new Map<string, Turn>();

  return (name, content, when, { etag, called, isOvertaken } = {}) => {
    const request = prepare(content, called);
    if (typeof when === 'object') return writeOnce(name, request, when.etag);
    const before = last.get(name);
    const begun = before ? endOf(before) : Promise.resolve();
    const written = begun.then(() =>
      // A write of this process came between, so the guess is wrong.
      writeAnyhow(name, { ...request, isOvertaken }, when, before ? undefined : etag),
    );
    const turn: Turn = { begun, ended: written.then(ignore, ignore) };
    last.set(name, turn);
    void turn.ended.then(() => {
      if (last.get(name) === turn) last.delete(name);
    });
    return written;
  };

  /** A fill: only from the state that its read saw. */
  async function writeOnce(
    name: string,
    { id, body, isLate }: Prepared,
    etag: ETag,
  ): Promise<boolean> {
    for (let round = 1; ; round++) {
      const outcome = await database.put(name, body, etag, isLate);
      if (outcome.kind === 'written') return true;
      const mayBeOurs = outcome.attempts > 1 || round > 1;
      if (outcome.kind === 'changed' || round === MOST_ROUNDS)
        return mayBeOurs && (await isOurs(name, id));
      await pauseBefore(round);
    }
  }

  /** Reads the state and writes from there, again and again until nothing comes between. */
  async function writeAnyhow(
    name: string,
    { id, body, isLate, isOvertaken }: Prepared,
    when: 'always' | 'nothing-live',
    seen: ETag | undefined,
  ): Promise<boolean> {
    let guess = seen;
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      let etag = guess;
      guess = undefined;
      if (etag === undefined) {
        // Not a HEAD, whose answer has no body: an error could not say what is wrong.
        const found = await database.get(name, HEAD_BYTES);
        const record = found && s3Record(found.body);
        if (record?.id === id) return true;
        if (when === 'nothing-live' && !nothingLive(found, record, clock.now())) return false;
        etag = found?.etag ?? ABSENT;
      }
      if (isOvertaken?.()) return true;
      const outcome = await database.put(name, body, etag, isLate);
      if (outcome.kind === 'written') return true;
      await pauseBefore(round);
    }
    const message = `${MOST_ROUNDS} conditional writes of one key failed`;
    throw s3Error('put', database.place, { type: 'Conflict', message });
  }

  function prepare(content: Content, called: WriteOptions['called']): Prepared {
    const id = uniqueId();
    const [wallMs, monotonicMs] = called ?? [clock.now(), monotonic()];
    // Both clocks, because some systems stop one of them during a freeze, and the wall clock may be set back.
    const isLate = () =>
      Math.max(clock.now() - wallMs, monotonic() - monotonicMs) > LONGEST_SEND_MS;
    return { id, body: content(id), isLate };
  }

  /** True if the object is this write: an earlier try had arrived, and only its reply was lost. */
  async function isOurs(name: string, id: string): Promise<boolean> {
    const found = await database.get(name, HEAD_BYTES);
    return found !== undefined && s3Record(found.body)?.id === id;
  }
}

const pauseBefore = (round: number): Promise<void> => pause(Math.random() * PAUSE_MS * round);
