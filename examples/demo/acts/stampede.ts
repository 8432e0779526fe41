import type { Act, Outcome, Stage } from '../act.js';
import type { Kind } from '../contestant.js';
import { good } from '../grid.js';
import type { Options } from '../options.js';
import { type OriginServer, startOriginServer } from '../origin-server.js';
import { percentile } from '../run.js';
import { count, ms, rounded } from '../text.js';
import { type Worker, withWorkers } from '../workers.js';

const PROCESSES = 10;
const CALLERS = 20;
/** A stampede hurts where the query is a heavy one: so many times what `--origin` says. */
const HEAVY = 10;
const KINDS = ['plain', 'ours', 'leased'] as const satisfies readonly Kind[];

interface Figures {
  readonly queries: number;
  /** Until a caller had its value, milliseconds. */
  readonly p50Ms: number;
  readonly maxMs: number;
}

export function stampedeAct({ origin, seed }: Options): Act {
  const median = origin * HEAVY;
  return {
    letter: 'b',
    name: 'stampede',
    title: 'Stampede',
    compares:
      `${PROCESSES} processes with ${CALLERS} callers each ask at once for one key that is not cached and whose query ` +
      `takes ${count(median)} ms (${HEAVY} times --origin): how often is the database asked?`,
    async play(stage) {
      const { worker } = await stage.bundles();
      const server = await startOriginServer(median, seed + 3);
      try {
        return outcomeOf(
          await withWorkers(worker, PROCESSES, (workers) => rush(stage, server, workers)),
        );
      } finally {
        server.stop();
      }
    },
  };
}

async function rush(
  { progress, dynamodb }: Stage,
  server: OriginServer,
  workers: readonly Worker[],
): Promise<Record<Kind, Figures>> {
  const figures: Partial<Record<Kind, Figures>> = {};
  for (const [i, kind] of KINDS.entries()) {
    progress.step('b  rushing', i, KINDS.length);
    const setup = { kind, endpoint: dynamodb.endpoint, origin: server.url };
    await Promise.all(
      workers.map(async (worker, n) => {
        await worker.call('open', setup);
        // Connections are open and the code is compiled when the rush begins: it is not a cold start.
        await worker.call('read', { key: `warm-up-${n}`, callers: CALLERS });
      }),
    );
    server.take();
    const reads = await Promise.all(
      workers.map((worker) => worker.call('read', { key: 'cold', callers: CALLERS })),
    );
    const waits = reads.flatMap((read) => read.waits);
    figures[kind] = {
      queries: server.take(),
      p50Ms: rounded(percentile(waits, 0.5), 1),
      maxMs: rounded(percentile(waits, 1), 1),
    };
  }
  progress.clear();
  return figures as Record<Kind, Figures>;
}

function outcomeOf(figures: Record<Kind, Figures>): Outcome {
  const { plain, ours, leased } = figures;
  const all = [plain, ours, leased];
  const problems: string[] = [];
  if (ours.queries > PROCESSES) {
    problems.push(
      `${ours.queries} queries of ${PROCESSES} processes: callers did not share loads.`,
    );
  }
  if (leased.queries >= ours.queries) {
    problems.push(`${leased.queries} queries with a lease, ${ours.queries} without.`);
  }
  if (plain.queries <= PROCESSES) {
    problems.push(`${plain.queries} queries with get and set: there was no stampede.`);
  }
  return {
    figures,
    grid: {
      head: ['', 'get and set', '@glasswork/cache', 'lease: true'],
      rows: [
        ['callers', ...all.map(() => count(PROCESSES * CALLERS))],
        ['queries', count(plain.queries), good(count(ours.queries)), good(count(leased.queries))],
        ['waited, p50', ...all.map(({ p50Ms }) => ms(p50Ms))],
        ['waited, longest', ...all.map(({ maxMs }) => ms(maxMs))],
      ],
    },
    notes: [
      'By default the callers of one process share a load. With a lease one process loads for all of them, which ' +
        'costs those who wait a few reads and up to 250 ms after the value is there.',
    ],
    closing: [
      ['queries, 200 callers of a cold key', count(plain.queries), good(count(ours.queries))],
      ['  with lease: true', count(plain.queries), good(count(leased.queries))],
    ],
    problems,
  };
}
