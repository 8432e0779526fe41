import { answerParent } from '../answer.js';
import { type Contestant, createContestant, type Kind } from '../contestant.js';

let contestant: Contestant | undefined;
let origin = '';

interface Setup {
  readonly kind: Kind;
  readonly endpoint: string;
  /** Where the database answers: GET reads a key's version, PUT makes a new one. */
  readonly origin: string;
}

export interface Read {
  /** The version that each caller got. */
  readonly versions: readonly number[];
  /** How long each caller waited, milliseconds. */
  readonly waits: readonly number[];
}

const TTL_SECONDS = 300;

const calls = {
  /** Replaces the contestant by a new one, with an empty memory. */
  open(setup: Setup): void {
    contestant = createContestant(setup.kind, setup.endpoint);
    origin = setup.origin;
  },

  /** So many callers at once, as the requests of one process. */
  async read({ key, callers }: { key: string; callers: number }): Promise<Read> {
    const waits: number[] = [];
    const started = performance.now();
    const versions = await Promise.all(
      Array.from({ length: callers }, async () => {
        const version = await opened().wrap(key, TTL_SECONDS, () => query('GET', key));
        waits.push(performance.now() - started);
        return version;
      }),
    );
    return { versions, waits };
  },

  /** First the database, then the cache. */
  async update(key: string): Promise<number> {
    const version = await query('PUT', key);
    await opened().del(key);
    return version;
  },
};
export type WorkerCalls = typeof calls;

function opened(): Contestant {
  if (contestant) return contestant;
  throw new Error('open() comes first');
}

async function query(method: 'GET' | 'PUT', key: string): Promise<number> {
  const response = await fetch(`${origin}/${encodeURIComponent(key)}`, { method });
  if (!response.ok) throw new Error(`The database answered ${response.status}`);
  return Number(await response.text());
}

answerParent(calls);
