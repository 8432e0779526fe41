import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CacheService } from '../../src/cache-service.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();
/** Colour, a cleared screen, the one-byte form of both, a bell, a line, and turned directions. */
const HOSTILE = 'k\u001b[31m\u001b[2J\u009b2J\u0007\u007f\r\n\u202eabc\u2066\u200f\u061c';
/** Anything that is no text to a terminal, except the end of a line. */
const CONTROL = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

describe('keys, tags and values that would control a terminal', () => {
  let server: Dynalite;
  let where: readonly string[];

  beforeAll(async () => {
    server = await startDynalite();
    const tableName = await createCacheTable(server.endpoint);
    where = ['--table', tableName, '--endpoint', server.endpoint, '--prefix', 'shop'];
    const store = new DynamoDBCacheStore({
      ...{ tableName, region, endpoint: server.endpoint },
      credentials: async () => credentials,
    });
    const cache = new CacheService(store, { keyPrefix: 'shop' });
    await cache.wrap(HOSTILE, { ttl: '1h', tags: [HOSTILE] }, async () => ({ [HOSTILE]: HOSTILE }));
    await cache.set('text', HOSTILE, '1h');
    await cache.close();
  });
  afterAll(() => server.stop());

  it.each([
    ['get', HOSTILE],
    ['get', HOSTILE, '--full'],
    ['get', 'text'],
    ['get', `${HOSTILE}missing`],
    ['ls'],
    ['ls', '--records'],
    ['ls', HOSTILE],
    ['stats'],
    ['stats', '--depth', '5'],
    ['top'],
    ['del', HOSTILE],
    ['del', '--pattern', `${HOSTILE}*`],
    ['invalidate', HOSTILE],
    ['expire', '--tags', HOSTILE],
    ['expire', HOSTILE, '--yes'],
    ['invalidate', HOSTILE, '--yes'],
    ['del', HOSTILE, '--yes'],
    ['del', '--pattern', `${HOSTILE}*`, '--yes'],
  ])('are shown as text, and stay valid JSON: %s', async (...args) => {
    const text = await cli.run([...args, ...where]);
    expect(text.stdout).not.toMatch(CONTROL);
    expect(text.stderr).not.toMatch(CONTROL);
    const json = await cli.run([...args, ...where, '--json']);
    expect(json.stdout).not.toMatch(CONTROL);
    expect(json.stderr).not.toMatch(CONTROL);
    const lines = args[0] === 'ls' ? json.stdout.trim().split('\n') : [json.stdout];
    for (const each of [...lines, json.stderr]) if (each) JSON.parse(each);
  });

  it('finds the key that it has shown, whatever it holds', async () => {
    const { code, stdout } = await cli.run(['get', 'text', '--json', ...where]);
    expect([code, JSON.parse(stdout).value]).toEqual([0, HOSTILE]);
  });

  it.each([
    ['get', 'a'],
    ['ls'],
    ['stats'],
    ['top'],
    ['check'],
    ['doctor'],
    ['del', 'a', '--yes'],
    ['clear', '--yes'],
  ])('in the answers of something else than a server: %s', async (...args) => {
    const body = JSON.stringify({ __type: `x#${HOSTILE}Exception`, message: `<html>${HOSTILE}` });
    const wrong = createServer((_, response) => response.writeHead(400).end(body));
    wrong.listen(0, '127.0.0.1');
    await once(wrong, 'listening');
    const { port } = wrong.address() as AddressInfo;
    try {
      for (const json of [[], ['--json']]) {
        const endpoint = `http://127.0.0.1:${port}`;
        const options = ['--table', 't', '--endpoint', endpoint, '--region', region];
        const { code, stdout, stderr } = await cli.run([...args, ...options, ...json]);
        expect([args[0], code]).toEqual([args[0], /check|doctor/.test(String(args[0])) ? 1 : 3]);
        expect(stdout + stderr).not.toMatch(CONTROL);
        expect(stdout + stderr).toMatch(/\w/);
      }
    } finally {
      wrong.closeAllConnections();
      wrong.close();
    }
  });
});
