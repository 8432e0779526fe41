import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { until } from '../servers/until.js';
import { temporaryFolder } from '../temporary-folder.js';
import type { Times } from './frozen-program.js';
import { serveHttp } from './servers.js';

/** The program's limit of a try, and the time that it waits for an answer after a freeze. */
const REQUEST_MS = 600;
const GRACE_MS = 100;

interface Outcome {
  readonly status?: number;
  readonly attempts?: number;
  readonly code?: string;
  readonly message?: string;
}

const folder = temporaryFolder('cache-frozen', afterAll);
const program = join(folder, 'program.mjs');

beforeAll(async () => {
  const entry = fileURLToPath(new URL('frozen-program.ts', import.meta.url));
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
});

/** Between the program and the service: what is on its way while the program is frozen can be cut off. */
async function proxyTo(port: number) {
  const pairs = new Set<[Socket, Socket]>();
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const socket of pair) socket.on('error', () => {});
    near.pipe(far).pipe(near);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    for (const socket of [...pairs].flat()) socket.destroy();
    proxy.close();
  });
  const each = (cut: (near: Socket, far: Socket) => void) => () => {
    for (const [near, far] of pairs) cut(near, far);
  };
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    connections: () => pairs.size,
    end: each((near) => near.end()),
    reset: each((near) => near.resetAndDestroy()),
    /** Bytes sent either way are lost. */
    blackhole: each((near, far) => {
      near.unpipe(far);
      far.unpipe(near);
    }),
  };
}

/** A program that can be frozen, and its service, whose first answer can be held back. */
async function start(holdFirst: boolean) {
  const answers: (() => void)[] = [];
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const service = await serveHttp(({ number }) => (response) => {
    arrive();
    const answer = () => response.end('{}');
    if (holdFirst && number === 1) answers.push(answer);
    else answer();
  });
  const proxy = await proxyTo(Number(service.url.port));
  const timeFile = join(mkdtempSync(join(folder, 'clock-')), 'time');
  let times: Times = { wall: 0, machine: 0 };
  const write = ({ wall, machine }: Times) => {
    times = { wall: times.wall + wall, machine: times.machine + machine };
    // At once, for the program may be reading.
    writeFileSync(`${timeFile}.new`, JSON.stringify(times));
    renameSync(`${timeFile}.new`, timeFile);
  };
  write(times);
  const child = fork(program, [proxy.url, timeFile], { execArgv: [] });
  const { pid } = child;
  onTestFinished(() => void child.kill('SIGKILL'));
  const waiting = new Map<string, (outcome: Outcome) => void>();
  child.on('message', ({ what, outcome }: { what: string; outcome: Outcome }) =>
    waiting.get(what)?.(outcome),
  );
  const hear = (what: string) => new Promise<Outcome>((resolve) => waiting.set(what, resolve));
  await hear('ready');

  return {
    requests: service.requests,
    /** Resolves when the first request is there: frozen at once, its time budget is not over before. */
    arrived,
    proxy,
    answer() {
      for (const answer of answers) answer();
    },
    /** Resolves when the request is under way, with a promise of what becomes of it. */
    async begin(retry: 'always' | 'unsent'): Promise<{ outcome: Promise<Outcome> }> {
      const underWay = hear('under way');
      const outcome = hear('outcome');
      child.send(retry);
      await underWay;
      return { outcome };
    },
    /** Stops the process as Lambda does, while `meanwhile` happens and the clocks go on. */
    async freeze(meanwhile: () => void, freeze: Times): Promise<void> {
      child.kill('SIGSTOP');
      await until(
        () => execFileSync('ps', ['-o', 'state=', '-p', String(pid)]).includes('T'),
        'the process to stop',
      );
      meanwhile();
      const seen = hear('time');
      write(freeze);
      child.kill('SIGCONT');
      await seen;
    },
    /** Lets time go on in the running process. */
    async pass(ms: number): Promise<void> {
      const seen = hear('time');
      write({ wall: ms, machine: ms });
      await seen;
    },
  };
}

const cuts = ['end', 'reset', 'blackhole'] as const;
/** Longer than a time budget, and than what tells a freeze from a late timer. */
const seconds = ['two seconds', { wall: 2_000, machine: 2_000 }] as const;
/** On systems whose own clock stops meanwhile. */
const HOUR = { wall: 3_600_000, machine: 0 };
const hour = ['an hour by the wall clock alone', HOUR] as const;
const hours = cuts.map((cut) => [cut, ...hour] as const);

it.each([...cuts.map((cut) => [cut, ...seconds] as const), ...hours])(
  'sends anew what was under way (connection: %s, %s)',
  async (cut, _, times) => {
    const { begin, freeze, pass, proxy, requests, arrived } = await start(true);
    const { outcome } = await begin('always');
    await arrived;
    await freeze(proxy[cut], times);
    // Nothing tells that the connection is dead but the time.
    if (cut === 'blackhole') {
      if (times.machine === 0) await pass(REQUEST_MS);
      await pass(GRACE_MS);
    }
    expect(await outcome).toMatchObject({ status: 200, attempts: 2 });
    expect(requests).toHaveLength(2);
    const [before, after] = requests.map(({ headers }) => headers['x-amz-date']);
    expect(after).not.toBe(before);
  },
);

it.each([...hours, ['blackhole', ...seconds] as const])(
  'sends nothing twice that may not be (connection: %s, %s)',
  async (cut, _, times) => {
    const { begin, freeze, pass, proxy, requests, arrived } = await start(true);
    const { outcome } = await begin('unsent');
    await arrived;
    await freeze(proxy[cut], times);
    if (cut === 'blackhole') {
      if (times.machine === 0) await pass(REQUEST_MS);
      await pass(GRACE_MS);
    }
    expect(await outcome).toMatchObject({ message: expect.stringContaining('may have been') });
    expect(requests).toHaveLength(1);
  },
);

it.each(cuts)('takes no connection that idled for long (connection: %s)', async (cut) => {
  const { begin, freeze, proxy, requests } = await start(false);
  await (await begin('always')).outcome;
  await freeze(proxy[cut], HOUR);
  expect(await (await begin('always')).outcome).toMatchObject({ status: 200, attempts: 1 });
  await freeze(proxy[cut], HOUR);
  expect(await (await begin('unsent')).outcome).toMatchObject({ status: 200, attempts: 1 });
  expect(proxy.connections()).toBe(3);
  expect(requests).toHaveLength(3);
});

it('tries a connection that idled for a moment, and another when it is dead', async () => {
  const { begin, freeze, pass, proxy } = await start(false);
  await (await begin('always')).outcome;
  await freeze(proxy.blackhole, { wall: 1_000, machine: 0 });
  const { outcome } = await begin('always');
  await pass(REQUEST_MS);
  // The pause before the next try.
  await pass(50);
  expect(await outcome).toMatchObject({ status: 200, attempts: 2 });
});

it.each([
  ['always', ...seconds],
  ['unsent', ...seconds],
  ['unsent', ...hour],
] as const)('reads an answer that came meanwhile (retry: %s, %s)', async (retry, _, times) => {
  const { begin, freeze, requests, arrived, answer } = await start(true);
  const { outcome } = await begin(retry);
  await arrived;
  await freeze(answer, times);
  expect(await outcome).toMatchObject({ status: 200, attempts: 1 });
  expect(requests).toHaveLength(1);
});
