import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import picocolors from 'picocolors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { layoutOf, renderTable } from '../../src/cli/table.js';
import { NARROW, printable, terminal } from '../../src/cli/terminal.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { startDynalite } from '../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();
const ESCAPE = '\u001b';

/** Gives a table that holds `key:0` and so on. */
async function filled<T>(items: number, use: (where: string[]) => Promise<T>): Promise<T> {
  const server = await startDynalite();
  const tableName = await createCacheTable(server.endpoint);
  const store = new DynamoDBCacheStore({
    ...{ tableName, region, endpoint: server.endpoint },
    credentials: async () => credentials,
    timeouts: { request: 60, total: 120 },
  });
  const entries = Array.from({ length: items }, (_, i) => ({
    key: `key:${i}`,
    value: i,
    ttl: 60,
  }));
  await store.setMany(entries);
  try {
    return await use(['--table', tableName, '--endpoint', server.endpoint]);
  } finally {
    await store.close();
    await server.stop();
  }
}

describe('a table in a terminal', () => {
  const columns = [
    { head: 'KEY', flexible: true, text: (row: { key: string }) => row.key },
    { head: 'SIZE', align: 'right', text: () => '10 B' },
  ] as const;
  const rows = [{ key: 'k'.repeat(200) }, { key: 'short' }];
  const lines = async (width: number) =>
    (await renderTable({ ...terminal(false), width }, columns, rows)).trimEnd().split('\n');

  it.each([200, 120, 80, NARROW])('fits into %i columns', async (width) => {
    const table = await lines(width);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(table).toHaveLength(3);
  });

  it.each([59, 40, 30])('is a list in %i columns', async (width) => {
    const list = await lines(width);
    expect(list).toEqual([
      expect.stringMatching(/^KEY {3}k+…$/),
      'SIZE  10 B',
      '',
      'KEY   short',
      'SIZE  10 B',
    ]);
    expect(Math.max(...list.map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  it('is not cut without a terminal', async () => {
    const table = await lines(Number.POSITIVE_INFINITY);
    expect(table[1]).toBe(`${'k'.repeat(200)}  10 B`);
    expect(layoutOf(columns, rows, Number.POSITIVE_INFINITY).widths).toEqual([200, 4]);
  });

  it.each([['ab'], ['日本'], ['\u{1f600}']])(
    'continues with lines that look the same: %s',
    async (key) => {
      const some = [{ key: 'k'.repeat(10) }, { key }];
      const layout = layoutOf(columns, some, 80);
      const whole = await renderTable({ ...terminal(false), width: 80 }, columns, some, { layout });
      const rest = await renderTable({ ...terminal(false), width: 80 }, columns, some, {
        layout,
        head: false,
      });
      expect(whole.split('\n').slice(1)).toEqual(rest.split('\n'));
      const one = { layout, head: false };
      const alone = await renderTable({ ...terminal(false), width: 80 }, columns, [{ key }], one);
      expect(`${whole.split('\n')[2]}\n`).toBe(alone);
    },
  );

  it('shows control characters of keys as text', () => {
    expect(printable(`a${ESCAPE}[31m\n\u202eb`)).toBe('a\\u001b[31m\\u000a\\u202eb');
    expect(printable('日本 é 🙂')).toBe('日本 é 🙂');
  });
});

describe('the streams of a process', () => {
  const { isColorSupported } = picocolors;
  afterEach(() => {
    vi.unstubAllEnvs();
    Object.assign(picocolors, { isColorSupported });
  });

  /** A terminal whose streams are these. Its user types what is written to `keys`. */
  function terminalOf({ json = false, out = {}, err = {}, input = {} }) {
    const stream = (own: object) =>
      Object.assign(new PassThrough(), { isTTY: true, columns: 100 }, own);
    const [stdout, stderr, keys] = [stream(out), stream(err), stream(input)];
    for (const [name, own] of Object.entries({ stdout, stderr, stdin: keys }))
      vi.spyOn(process, name as 'stdin', 'get').mockReturnValue(own as never);
    return { one: terminal(json), stdout, stderr, keys };
  }

  it.each([
    [{ isTTY: true, columns: 100 }, 100],
    // A container may name such a terminal.
    [{ isTTY: true, columns: 0 }, 80],
    [{ isTTY: false, columns: undefined }, Number.POSITIVE_INFINITY],
  ])('of %j are %d wide', (out, width) => {
    expect(terminalOf({ out }).one.width).toBe(width);
  });

  it.each([
    [true, true, undefined, true],
    [true, false, undefined, false],
    [true, false, '1', true],
    [false, true, '1', false],
  ])(
    'have colour where it is supported (%s) and there is a terminal (%s) or it is forced (%s): %s',
    (isSupported, isTTY, forced, expected) => {
      Object.assign(picocolors, { isColorSupported: isSupported });
      vi.stubEnv('FORCE_COLOR', forced);
      expect(terminalOf({ out: { isTTY } }).one.colors.isColorSupported).toBe(expected);
      expect(terminalOf({ out: { isTTY }, json: true }).one.colors.isColorSupported).toBe(false);
    },
  );

  it('control no terminal by JSON, and wait for a slow reader', async () => {
    const text = `"${ESCAPE}[31m"\n`;
    const plain = terminalOf({});
    await plain.one.write(text);
    expect(String(plain.stdout.read())).toBe(text);
    const json = terminalOf({ json: true });
    await json.one.write(text);
    expect(String(json.stdout.read())).toBe('"\\u001b[31m"\n');
    let written = false;
    const slow = terminalOf({ json: true });
    const large = slow.one.write('x'.repeat(100_000)).then(() => {
      written = true;
    });
    await new Promise(setImmediate);
    expect(written).toBe(false);
    slow.stdout.resume();
    await large;
  });

  it('ask nobody who cannot answer, and nobody who has said yes', async () => {
    for (const given of [{ json: true }, { input: { isTTY: false } }, { err: { isTTY: false } }]) {
      const { one } = terminalOf(given);
      await expect(one.confirm('Delete it?', false)).rejects.toThrow(
        'Delete it? Nobody can answer',
      );
      expect(await one.confirm('Delete it?', true)).toBe(true);
    }
  });

  it.each([
    ['y\n', true],
    [' YES \n', true],
    ['n\n', false],
    ['yesterday\n', false],
    ['\n', false],
    ['\u0004', false],
  ])('take the answer %j for %s', async (typed, expected) => {
    const { one, keys, stderr } = terminalOf({});
    const answer = one.confirm(`Delete ${ESCAPE}it?`, false);
    keys.write(typed);
    expect(await answer).toBe(expected);
    const shown = String(stderr.read());
    expect(shown).toContain('Delete \\u001bit? [y/N] ');
    // The next line of the program begins below the question.
    expect(shown.endsWith('\n')).toBe(true);
    expect(keys.isPaused()).toBe(true);
  });

  it.each([['clear'], ['destroy']])('change nothing by %s without a yes', async (command) => {
    const { exitCode } = process;
    await filled(1, async (where) => {
      const { keys, stderr } = terminalOf({});
      keys.write('n\n');
      await createProgram('1.0.0').parseAsync([command, ...where], { from: 'user' });
      expect(process.exitCode).toBe(1);
      expect(String(stderr.read())).toMatch(/ \[y\/N\] [\s\S]*\nNothing was changed\.\n$/);
      vi.restoreAllMocks();
      expect((await cli.run(['ls', ...where])).stdout).toContain('key:0');
    });
    process.exitCode = exitCode;
  });

  it('end the program at Ctrl-C, as everywhere else', async () => {
    const { one, keys } = terminalOf({});
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      keys.write('\u0004');
      return true;
    });
    const answer = one.confirm('Delete it?', false);
    keys.write('\u0003');
    await answer;
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
  });
});

describe('the program', () => {
  it('explains itself, with an example for each command', async () => {
    const { code, stdout } = await cli.run(['--help']);
    expect(code).toBe(0);
    const names = [...stdout.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name = '']) => name);
    expect(names).toEqual(expect.arrayContaining(['check', 'get', 'ls', 'create', 'destroy']));
    for (const name of names) {
      const help = await cli.run([name, '--help']);
      expect([name, help.code]).toEqual([name, 0]);
      expect(help.stdout).toMatch(/\nExamples?:\n {2}\$ .*glasswork-cache /);
      expect(help.stdout).toContain('--json');
    }
  });

  it('prints its version', async () => {
    expect(await cli.run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it.each([
    ['nothing to do', [], 2],
    ['an unknown command', ['lss'], 2],
    ['a suggestion', ['gett', 'key'], 2],
    ['a missing argument', ['get', '--table', 'cache'], 2],
    ['no store', ['ls'], 2],
    ['two stores', ['ls', '--table', 'cache', '--redis', 'redis://127.0.0.1'], 2],
    ['a count that is no number', ['ls', '--limit', 'many', '--table', 'cache'], 2],
    ['a wrong prefix', ['ls', '--table', 'cache', '--prefix', 'a:b', '--region', 'eu-west-1'], 2],
    ['no region', ['ls', '--table', 'cache'], 2],
    ['a server that does not answer', ['ls', '--redis', 'redis://127.0.0.1:1'], 3],
  ])('exits with a code for %s', async (_what, args, code) => {
    const finished = await cli.run(args);
    expect(finished).toMatchObject({ code, stdout: '' });
    expect(finished.stderr).not.toMatch(/^ +at /m);
    expect(finished.stderr.trim()).not.toBe('');
  });

  it.each([
    ['a missing argument', ['get', '--json']],
    ['an unknown option', ['ls', '--json', '--nope']],
    ['an unknown command', ['lss', '--json']],
    ['an invalid value', ['ls', '--limit', 'many', '--json']],
    ['no store', ['ls', '--json']],
  ])('reports %s as JSON where that is wanted', async (_what, args) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stderr)).toEqual({
      error: { name: 'Error', code: 'USAGE', message: expect.stringMatching(/^[^{]{5}/) },
    });
  });

  it.each([
    [['help'], /^Usage: glasswork-cache \[options\]/],
    [['help', 'get'], /^Usage: glasswork-cache get/],
  ])('explains itself to %j', async (args, start) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(start);
  });

  it('reports an error as JSON, without a password', async () => {
    const url = 'redis://user:s3cret@127.0.0.1:1';
    const { code, stdout, stderr } = await cli.run(['ls', '--json', '--redis', url]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'STORE_FAILED' });
    expect(stderr).not.toContain('s3cret');
  });
});

describe('with a table', () => {
  it('uses colour where it is wanted, and never in JSON', async () => {
    await filled(1, async (where) => {
      const text = async (env: NodeJS.ProcessEnv, ...more: string[]) =>
        (await cli.run(['ls', ...where, ...more], { env })).stdout;
      expect(await text({})).not.toContain(ESCAPE);
      expect(await text({ FORCE_COLOR: '1' })).toContain(ESCAPE);
      // A log of CI is no terminal.
      expect(await text({ CI: 'true' })).not.toContain(ESCAPE);
      expect(await text({ FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain(ESCAPE);
      expect(await text({ FORCE_COLOR: '1' }, '--no-color')).not.toContain(ESCAPE);
      expect(await text({ FORCE_COLOR: '1' }, '--json')).not.toContain(ESCAPE);
    });
  });

  it('takes the store from the environment', async () => {
    await filled(1, async ([, table, , endpoint]) => {
      const env = { CACHE_TABLE: table, AWS_ENDPOINT_URL: endpoint };
      expect(await cli.run(['ls'], { env })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('key:0'),
      });
    });
  });

  it('ends quietly when the reader of its output does', async () => {
    await filled(2_000, async (where) => {
      const { child, finished } = cli.start(['ls', '--all', ...where]);
      await once(child.stdout ?? child, 'data');
      child.stdout?.destroy();
      expect(await finished).toMatchObject({ code: 0, signal: null, stderr: '' });
    });
  });

  it('ends at Ctrl-C while it waits for a server', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      const { child, finished } = cli.start(['ls', '--redis', `redis://127.0.0.1:${port}`]);
      await once(silent, 'connection');
      child.kill('SIGINT');
      expect(await finished).toMatchObject({ code: 130, stdout: '', stderr: '\nInterrupted.\n' });
    } finally {
      silent.close();
    }
  });
});
