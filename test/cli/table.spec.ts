import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bareEnvironment } from '../../scripts/package/manifest.js';
import { CacheService } from '../../src/cache-service.js';
import { createProgram } from '../../src/cli/program.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { type Answer, denied, startAnsweringProxy } from '../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable, createClient, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('create and destroy', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  const run = (command: string, table: string, endpoint = server.endpoint) =>
    cli.run([...command.split(' '), '--table', table, '--endpoint', endpoint]);

  /** A server that answers some calls before dynalite: with one answer, or each time with the next. */
  async function behind(
    answers: Record<string, Answer | Answer[]>,
    act: (endpoint: string) => Promise<void>,
  ) {
    const proxy = await startAnsweringProxy(server.endpoint, ({ action }) => {
      const given = answers[action];
      return Array.isArray(given) ? (given.length > 1 ? given.shift() : given[0]) : given;
    });
    try {
      await act(proxy.endpoint);
    } finally {
      await proxy.stop();
    }
  }
  const status = (TableStatus: string): Answer => ({
    status: 200,
    body: { Table: { TableStatus, KeySchema: [{ AttributeName: 'pk' }] } },
  });
  const refused = (code: string, message = 'no'): Answer => ({
    status: 400,
    body: { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message },
  });
  const done: Answer = { status: 200, body: {} };

  it.each(['destroy --yes', 'destroy --yes --json'])(
    '%s names a table that is missing, and the region',
    async (command) => {
      const { code, stdout, stderr } = await run(command, 'nowhere');
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(
        /There is no table \\?"nowhere\\?" in us-east-1: fix --table, --region/,
      );
    },
  );

  it.each(['create', 'destroy --yes'])('%s names what is wrong with a name', async (command) => {
    const { code, stderr } = await run(command, 'a b');
    expect(code).toBe(2);
    expect(stderr).toMatch(/ValidationException: .*(characters|pattern)/);
  });

  it('destroys a table that holds values, tombstones and versions of the cache', async () => {
    const table = await createCacheTable(server.endpoint);
    const options = { tableName: table, endpoint: server.endpoint, region };
    const store = new DynamoDBCacheStore({ ...options, credentials: async () => credentials });
    const cache = new CacheService(store, { keyPrefix: 'shop' });
    await cache.set('a', 1, { ttl: '1h', tags: ['t'] });
    await cache.del('b');
    await cache.invalidateTags(['t']);
    await cache.clear();
    await cache.close();
    expect(await run('destroy --yes', table)).toMatchObject({ code: 0 });
    expect(await run('destroy --yes', table)).toMatchObject({ code: 2 });
  });

  it.each(['create', 'destroy --yes'])(
    '%s leaves a table of another program alone, though its key is pk',
    async (command) => {
      const table = await createCacheTable(server.endpoint);
      const client = createClient(server.endpoint);
      const Item = { pk: { S: 'order#1' }, total: { N: '12' } };
      await client.send(new PutItemCommand({ TableName: table, Item }));
      client.destroy();
      const { code, stderr } = await run(command, table);
      expect(code).toBe(2);
      expect(stderr).toContain('holds items of another program');
      expect(stderr).not.toContain('order#1');
      await behind({ Scan: denied('Scan') }, async (endpoint) => {
        expect(await run('create', table, endpoint)).toMatchObject({ code: 0 });
      });
    },
  );

  it.each(['create', 'destroy --yes'])(
    '%s leaves a table alone whose TTL is on another attribute',
    async (command) => {
      const table = await createCacheTable(server.endpoint);
      const TimeToLiveDescription = { TimeToLiveStatus: 'ENABLED', AttributeName: 'deleteAt' };
      await behind(
        { DescribeTimeToLive: { status: 200, body: { TimeToLiveDescription } } },
        async (endpoint) => {
          const { code, stderr } = await run(command, table, endpoint);
          expect(code).toBe(2);
          expect(stderr).toContain('has TTL on deleteAt');
        },
      );
    },
  );

  it('create waits for a table that is still being created', async () => {
    const answers = {
      CreateTable: refused('ResourceInUseException'),
      DescribeTable: [...Array.from({ length: 4 }, () => status('CREATING')), status('ACTIVE')],
      ...{ Scan: done, DescribeTimeToLive: done, UpdateTimeToLive: done },
    };
    await behind(answers, async (endpoint) => {
      const { code, stdout } = await run('create --json', 'slow', endpoint);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ table: 'slow', created: false, ttl: true });
      expect(answers.DescribeTable).toEqual([status('ACTIVE')]);
    });
  });

  it('create passes on that it may not look at the table', async () => {
    const answers = { CreateTable: done, DescribeTable: denied('DescribeTable') };
    await behind(answers, async (endpoint) => {
      const { code, stderr } = await run('create', 'hidden', endpoint);
      expect([code, stderr]).toEqual([3, expect.stringContaining('DescribeTable')]);
    });
  });

  it('create waits for five minutes at most, with pauses', async () => {
    const { exitCode } = process;
    const { setTimeout } = globalThis;
    let pauses = 0;
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms?: number) => {
      if (ms === 500) pauses++;
      return setTimeout(act, ms === 500 ? 0 : ms);
    }) as typeof setTimeout);
    // Each look at the table takes 2.5 minutes.
    let minutes = 0;
    const answers = { CreateTable: done, DescribeTable: status('CREATING') };
    const proxy = await startAnsweringProxy(undefined, ({ action }) => {
      if (action === 'DescribeTable') minutes += 2.5;
      return answers[action as keyof typeof answers];
    });
    const { now } = performance;
    const real = now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() + minutes * 60_000);
    const args = ['create', '--table', 'slow', '--endpoint', proxy.endpoint];
    const created = createProgram('1.0.0').parseAsync(args, { from: 'user' });
    await expect(created).rejects.toThrow('not ready after five minutes');
    expect(pauses).toBe(1);
    await proxy.stop();
    process.exitCode = exitCode;
  });

  it('create says that a table is being deleted', async () => {
    const answers = {
      CreateTable: refused('ResourceInUseException'),
      DescribeTable: status('DELETING'),
    };
    await behind(answers, async (endpoint) => {
      const { code, stderr } = await run('create', 'going', endpoint);
      expect(code).toBe(2);
      expect(stderr).toContain('is being deleted');
    });
  });

  it('destroy waits for a table that is being created, or deleted by somebody else', async () => {
    const gone = refused('ResourceNotFoundException');
    const states = [
      status('CREATING'),
      status('CREATING'),
      status('DELETING'),
      status('DELETING'),
      status('DELETING'),
      gone,
    ];
    const answers = { DescribeTable: states, Scan: done, DescribeTimeToLive: done };
    await behind(
      { ...answers, DeleteTable: refused('ResourceInUseException') },
      async (endpoint) => {
        expect(await run('destroy --yes', 'slow', endpoint)).toMatchObject({ code: 0 });
        expect(states).toEqual([gone]);
      },
    );
  });

  it('passes on why AWS keeps a table', async () => {
    const table = await createCacheTable(server.endpoint);
    const message = 'Resource cannot be deleted as it is currently protected against deletion.';
    await behind({ DeleteTable: refused('ValidationException', message) }, async (endpoint) => {
      const { code, stderr } = await run('destroy --yes', table, endpoint);
      expect(code).toBe(3);
      expect(stderr).toContain('protected against deletion');
    });
  });

  it('is interrupted by Ctrl-C while it waits', async () => {
    const asked = withResolvers();
    const proxy = await startAnsweringProxy(undefined, ({ action }) => {
      if (action === 'DescribeTable') asked.resolve();
      return action === 'CreateTable' ? done : status('CREATING');
    });
    const { child, finished } = cli.start([
      'create',
      '--table',
      'slow',
      '--endpoint',
      proxy.endpoint,
    ]);
    await asked.promise;
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ code: 130, stdout: '', stderr: '\nInterrupted.\n' });
    await proxy.stop();
  });

  // `script` of util-linux is the terminal, and takes other arguments on other systems.
  it.skipIf(process.platform !== 'linux').each([
    ['y', 'y\n', 0],
    ['n', 'n\n', 1],
    ['an empty line', '\n', 1],
    ['Ctrl-D', '\u0004', 1],
    ['Ctrl-C', '\u0003', 130],
  ])(
    'destroy asks in a terminal, and takes %s (needs script of Linux)',
    async (_what, keys, code) => {
      const table = await createCacheTable(server.endpoint);
      const command = [process.execPath, cli.file, 'destroy', '--table', table]
        .concat('--endpoint', server.endpoint)
        .join(' ');
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        env: bareEnvironment({ TERM: 'dumb' }),
      });
      let shown = '';
      child.stdout.on('data', (text) => {
        const wasAsked = shown.includes('[y/N]');
        shown += text;
        if (!wasAsked && shown.includes('[y/N]')) child.stdin.write(keys);
      });
      const [ended] = await once(child, 'close');
      expect({ ended, shown }).toEqual({
        ended: code,
        shown: expect.stringContaining(`Delete the table "${table}"`),
      });
      expect(await run('destroy --yes', table)).toMatchObject({ code: code === 0 ? 2 : 0 });
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'a terminal has colour unless its user wants none (needs script of Linux)',
    async () => {
      const table = await createCacheTable(server.endpoint);
      const args = ['doctor', '--table', table, '--endpoint', server.endpoint];
      const command = [process.execPath, cli.file, ...args].join(' ');
      const shown = async (env: NodeJS.ProcessEnv) => {
        const child = spawn('script', ['-qec', command, '/dev/null'], {
          env: bareEnvironment({ TERM: 'xterm', ...env }),
        });
        return text(child.stdout);
      };
      expect(await shown({})).toContain('\u001b[32mok');
      expect(await shown({ NO_COLOR: '1' })).not.toContain('\u001b[32m');
    },
  );
});
