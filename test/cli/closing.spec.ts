import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { startDynalite } from '../servers/dynalite.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { credentials as s3Credentials, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable, freshTableName } from '../servers/table.js';

// A command runs in this process, so that a connection that it leaves open does not end with it.

const { exitCode } = process;
afterEach(() => {
  process.exitCode = exitCode;
  vi.unstubAllEnvs();
});

/** Stands before a server, and counts the connections that the client has not closed. */
async function counted(endpoint: string) {
  const { hostname, port } = new URL(endpoint);
  const open = new Set<Socket>();
  let most = 0;
  const server = createServer((socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    const onward = connect(Number(port), hostname);
    for (const each of [socket, onward]) each.on('error', () => {});
    socket.on('close', () => {
      open.delete(socket);
      onward.destroy();
    });
    socket.pipe(onward).pipe(socket, { end: false });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port: own } = server.address() as AddressInfo;
  return { at: endpoint.replace(`:${port}`, `:${own}`), open, most: () => most };
}

async function run(args: readonly string[]): Promise<void> {
  const stdout = new PassThrough().resume();
  vi.spyOn(process, 'stdout', 'get').mockReturnValue(stdout as never);
  await createProgram('1.0.0').parseAsync(args, { from: 'user' });
}

const COMMANDS = [
  ...[['doctor'], ['check'], ['get', 'a'], ['top', '--times', '1']],
  ['conformance', '--case', 'deletes a value'],
];

describe('every connection is closed', () => {
  it.each([...COMMANDS, ['create'], ['destroy', '--yes']])(
    'to a table by %s',
    async (...command) => {
      const server = await startDynalite();
      onTestFinished(() => server.stop());
      const { at, open, most } = await counted(server.endpoint);
      const table = await createCacheTable(server.endpoint);
      const name = command[0] === 'create' ? freshTableName() : table;
      await run([...command, '--table', name, '--endpoint', at]);
      expect(most()).toBeGreaterThan(0);
      await expect.poll(() => open.size).toBe(0);
    },
  );

  it.each(COMMANDS)('to a bucket by %s', async (...command) => {
    const server = await startS3Endpoint();
    onTestFinished(() => server.stop());
    server.createBucket('cache-bucket', 'eu-central-1');
    const { at, open, most } = await counted(server.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', s3Credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3Credentials.secretAccessKey);
    await run([
      ...command,
      '--bucket',
      'cache-bucket',
      '--region',
      'eu-central-1',
      '--endpoint',
      at,
    ]);
    expect(most()).toBeGreaterThan(0);
    await expect.poll(() => open.size).toBe(0);
  });

  it('to Lambda by doctor', async () => {
    const server = await startDynalite();
    onTestFinished(() => server.stop());
    const { at, open, most } = await counted(server.endpoint);
    vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', at);
    const table = await createCacheTable(server.endpoint);
    await run(['doctor', '--table', table, '--endpoint', server.endpoint, '--function', 'my-api']);
    expect(most()).toBeGreaterThan(0);
    await expect.poll(() => open.size).toBe(0);
  });
});

describeWithRedis('every connection is closed', (url) => {
  it.each(COMMANDS)('to a Redis server by %s', async (...command) => {
    const { at, open, most } = await counted(url);
    await run([...command, '--redis', at, '--store-prefix', freshTableName()]);
    expect(most()).toBeGreaterThan(0);
    await expect.poll(() => open.size).toBe(0);
  });
});
