import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { until } from '../servers/until.js';
import { temporaryFolder } from '../temporary-folder.js';
import { serveHttp } from './servers.js';

/** Longer than the program's request budget and what tells a freeze from a late timer. */
const FREEZE_MS = 1_800;
const HOUR_MS = 3_600_000;

interface Outcome {
  readonly status?: number;
  readonly attempts?: number;
  readonly code?: string;
  readonly message?: string;
  readonly ms: number;
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
  const aheadFile = join(mkdtempSync(join(folder, 'clock-')), 'ahead');
  writeFileSync(aheadFile, '0');
  const child = fork(program, [proxy.url, aheadFile], { execArgv: [] });
  const { pid } = child;
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');

  return {
    requests: service.requests,
    /** Resolves when the first request is there: frozen at once, its time budget is not over before. */
    arrived,
    proxy,
    answer() {
      for (const answer of answers) answer();
    },
    /** Resolves with what becomes of a request. */
    async send(retry: 'always' | 'unsent'): Promise<Outcome> {
      child.send(retry);
      const [outcome] = await once(child, 'message');
      return outcome;
    },
    /** Stops the process as Lambda does, while `meanwhile` happens; its clock is further ahead when it goes on. */
    async freeze(meanwhile: () => void, aheadMs = 0): Promise<void> {
      child.kill('SIGSTOP');
      await until(
        () => execFileSync('ps', ['-o', 'state=', '-p', String(pid)]).includes('T'),
        'the process to stop',
      );
      meanwhile();
      writeFileSync(aheadFile, String(aheadMs));
      if (aheadMs === 0) await new Promise((resolve) => setTimeout(resolve, FREEZE_MS));
      child.kill('SIGCONT');
    },
  };
}

const cuts = ['end', 'reset', 'blackhole'] as const;
/** For so long by the machine's own clocks, which go on meanwhile; or by what the wall clock says alone. */
const seconds = ['a second and a half', 0] as const;
const hour = ['what the clock calls an hour', HOUR_MS] as const;
const hours = cuts.map((cut) => [cut, ...hour] as const);

it.each([...cuts.map((cut) => [cut, ...seconds] as const), ...hours])(
  'sends anew what was under way (connection: %s, %s)',
  async (cut, _, aheadMs) => {
    const { send, freeze, proxy, requests, arrived } = await start(true);
    const sending = send('always');
    await arrived;
    await freeze(proxy[cut], aheadMs);
    expect(await sending).toMatchObject({ status: 200, attempts: 2 });
    expect(requests).toHaveLength(2);
    const [before, after] = requests.map(({ headers }) => headers['x-amz-date']);
    expect(after).not.toBe(before);
  },
);

it.each([...hours, ['blackhole', ...seconds] as const])(
  'sends nothing twice that may not be (connection: %s, %s)',
  async (cut, _, aheadMs) => {
    const { send, freeze, proxy, requests, arrived } = await start(true);
    const sending = send('unsent');
    await arrived;
    await freeze(proxy[cut], aheadMs);
    expect(await sending).toMatchObject({ message: expect.stringContaining('may have been') });
    expect(requests).toHaveLength(1);
  },
);

it.each(cuts)('takes no connection that idled for long (connection: %s)', async (cut) => {
  const { send, freeze, proxy, requests } = await start(false);
  await send('always');
  await freeze(proxy[cut], HOUR_MS);
  expect(await send('always')).toMatchObject({ status: 200, attempts: 1 });
  await freeze(proxy[cut], 2 * HOUR_MS);
  expect(await send('unsent')).toMatchObject({ status: 200, attempts: 1 });
  expect(proxy.connections()).toBe(3);
  expect(requests).toHaveLength(3);
});

it('tries a connection that idled for a moment, and another when it is dead', async () => {
  const { send, freeze, proxy } = await start(false);
  await send('always');
  await freeze(proxy.blackhole, 1_000);
  expect(await send('always')).toMatchObject({ status: 200, attempts: 2 });
});

it.each([
  ['always', ...seconds],
  ['unsent', ...seconds],
  ['unsent', ...hour],
] as const)('reads an answer that came meanwhile (retry: %s, %s)', async (retry, _, aheadMs) => {
  const { send, freeze, requests, arrived, answer } = await start(true);
  const sending = send(retry);
  await arrived;
  await freeze(answer, aheadMs);
  expect(await sending).toMatchObject({ status: 200, attempts: 1 });
  expect(requests).toHaveLength(1);
});
