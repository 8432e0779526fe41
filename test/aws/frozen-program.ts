import { readFileSync } from 'node:fs';
import { type AwsRequest, createTransport } from '../../src/aws/transport.js';

/** The process that is frozen: it sends what it is told to, and says what came of it. */
const [endpoint = '', timeFile = ''] = process.argv.slice(2);

/** Readings of the two clocks of a machine, milliseconds. Only the test moves them, so no load makes a time budget run out. */
export interface Times {
  readonly wall: number;
  readonly machine: number;
}
let times: Times = { wall: 0, machine: 0 };

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}
const timers = new Set<Timer>();

const tell = (what: string, outcome: object = {}) => process.send?.({ what, outcome });

/** As in any process that goes on: first what is due by now, and then what came over its sockets. */
function runDue(): void {
  const before = times;
  times = JSON.parse(readFileSync(timeFile, 'utf8')) as Times;
  for (const timer of [...timers].sort((a, b) => a.dueMs - b.dueMs))
    if (timer.dueMs <= times.machine && timers.delete(timer)) timer.run();
  if (times.wall !== before.wall) tell('time');
}
setInterval(runDue, 1);

process.hrtime.bigint = () => BigInt(times.machine * 1e6);
const set = (run: () => void, ms: number) => {
  const timer = { dueMs: times.machine + ms, run, unref: () => timer };
  timers.add(timer);
  return timer;
};
Object.assign(globalThis, {
  setTimeout: set,
  clearTimeout: (timer: Timer) => timers.delete(timer),
});

const START_MS = Date.now();
const transport = createTransport({
  service: 'dynamodb',
  region: 'eu-central-1',
  endpoint: new URL(endpoint),
  credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
  timeouts: { connect: '600ms', request: '600ms', total: '1200ms' },
  clock: { now: () => START_MS + times.wall },
});

process.on('message', (retry: AwsRequest['retry']) => {
  transport.send({ headers: {}, body: '{}', retry }).then(
    ({ status, attempts }) => tell('outcome', { status, attempts }),
    (error) => tell('outcome', { code: error.code, message: error.message }),
  );
  setImmediate(() => tell('under way'));
});
tell('ready');
