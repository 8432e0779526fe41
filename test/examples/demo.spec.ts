import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { parseOptions } from '../../examples/demo/options.js';
import { type Figures, problemsOf } from '../../examples/demo/verdict.js';

/** As the JSON has them. */
type Column = Readonly<
  Record<'reads' | 'writes' | 'originCalls' | 'readUnits' | 'hitP50Ms', number>
>;
type Columns = Readonly<Record<'none' | 'dynamodb' | 'tiered', Column>>;

const root = fileURLToPath(new URL('../..', import.meta.url));

function startDemo(...argv: string[]) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'examples/demo/main.ts', ...argv],
    // A terminal's Ctrl-C does not reach a group of its own: the test sends its own signals.
    { cwd: root, detached: true },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  // Its servers hold the same stderr: it is closed when the last of them has ended.
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, stdout, stderr }));
  const hasSaid = async (text: string) => {
    while (!stderr.includes(text)) await once(child.stderr, 'data');
  };
  return { child, ended, hasSaid };
}

describe('the demo', () => {
  it('prints one JSON object, and judges it', async () => {
    const { code, stdout, stderr } = await startDemo(
      ...['--act', 'a', '--json', '--requests', '300', '--seed', '7', '--cluster', '29'],
    ).ended;
    const { acts, ...figures } = JSON.parse(stdout) as Figures & { acts: { traffic: Columns } };
    expect(stdout).toBe(`${JSON.stringify({ ...figures, acts })}\n`);
    expect(Object.keys(figures)).toEqual([
      ...['cluster', 'requests', 'hitRatio', 'p50Ms', 'p99Ms', 'p50MsWithout', 'p99MsWithout'],
      ...['originCalls', 'originCallsWithout', 'readUnits', 'writeUnits', 'usdPerMillion'],
      'errors',
    ]);
    expect(Object.keys(acts)).toEqual(['traffic']);
    const { none, dynamodb, tiered } = acts.traffic;
    expect(none).toMatchObject({ originCalls: 300, hitRatio: 0, readUnits: 0, hitP50Ms: null });
    expect(dynamodb).toMatchObject({ p50Ms: figures.p50Ms, originCalls: figures.originCalls });
    expect(dynamodb.reads + dynamodb.writes).toBe(300);
    // A copy in memory costs no read of DynamoDB, and a load begins from DynamoDB all the same.
    expect(tiered.readUnits).toBeLessThan(dynamodb.readUnits);
    expect(tiered.hitP50Ms).toBeLessThan(dynamodb.hitP50Ms);
    expect(figures).toMatchObject({ cluster: 29, requests: 300, originCallsWithout: 300 });
    // A machine that cannot keep up, and says so, may let a call run into its time limit.
    if (!stderr.includes('This machine is busy')) expect(figures.errors, stderr).toBe(0);
    expect(stderr.includes(`Act a: ${figures.errors} errors`)).toBe(figures.errors > 0);
    expect(figures.hitRatio).toBeGreaterThan(0);
    expect(figures.hitRatio).toBeLessThan(1);
    expect(figures.originCalls).toBeLessThan(300);
    // Every read of the cache costs half a unit at least, every fill and invalidation a whole one.
    expect(figures.readUnits).toBeGreaterThan(300 * 0.86 * 0.4);
    expect(figures.writeUnits).toBeGreaterThan(figures.originCalls);
    expect(stderr).toContain('seed 7');
    expect(stderr).toContain('queries p50 30 p99 68 ms (--origin)');
    // The medians are this machine's, and it may be busy; the verdict must be what they say.
    const isGood = figures.errors === 0 && figures.p50Ms < figures.p50MsWithout;
    expect(code, stderr).toBe(isGood ? 0 : 1);
  });

  it('plays another act, and says what to paste next', async () => {
    const { code, stdout, stderr } = await startDemo('--act', 'c').ended;
    expect(code, stderr + stdout).toBe(0);
    const titles = ['c  The update race', 'In short', 'Paste next'];
    const positions = titles.map((title) => stdout.indexOf(title));
    expect(positions).not.toContain(-1);
    expect([...positions].sort((x, y) => x - y)).toEqual(positions);
    expect(stdout).toMatch(/old values served afterwards +│ +50 +│ +0 │/);
    expect(stdout).toContain('npm install @glasswork/cache');
    // It is no terminal: no live line, no colours, and nothing wider than the usual one.
    expect(stdout + stderr).not.toContain('\r');
    expect(stdout + stderr).toBe(stripVTControlCharacters(stdout + stderr));
    const lines = (stdout.split('Paste next')[0] ?? '').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('gives an object for each act', async () => {
    const argv = ['--json', '--origin', '5ms', '--act', 'stampede', '--act', 'c', '--act', 'D,e'];
    const { code, stdout, stderr } = await startDemo(...argv).ended;
    expect(code, stderr + stdout).toBe(0);
    const { acts, ...others } = JSON.parse(stdout);
    expect(others).toEqual({});
    expect(Object.keys(acts)).toEqual(['stampede', 'update-race', 'outage', 'cold-start']);
    const { stampede, outage } = acts;
    // Callers of one process share a load, and with a lease all processes do.
    expect(stampede.ours.queries).toBeLessThanOrEqual(10);
    expect(stampede.leased.queries).toBeLessThan(stampede.ours.queries);
    expect(stampede.plain.queries).toBeGreaterThan(10);
    expect(acts['update-race']).toEqual({
      plain: { updates: 50, oldValues: 50 },
      ours: { updates: 50, oldValues: 0 },
    });
    expect(outage.none.down).toMatchObject({ answers: 0, oldestMs: null });
    expect(outage.plain.down.errors).toBeGreaterThan(0);
    expect(outage.ours.down.errors).toBe(0);
    // Values live for a second: an older one is a last good value.
    expect(outage.ours.down.oldestMs).toBeGreaterThan(1_500);
    expect(outage.ours.back.freshAfterMs).toBeGreaterThan(0);
    const { sdk, ours } = acts['cold-start'];
    // The medians depend on what else runs on the machine. The processor's time hardly does.
    expect([ours.medianMs, sdk.medianMs]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(ours.processorMs).toBeGreaterThan(0);
    expect(ours.processorMs).toBeLessThan(sdk.processorMs / 2);
    // `.size-limit.json` limits the bundle itself.
    expect(ours.bytes).toBeLessThan(sdk.bytes / 3);
    expect(ours.gzippedBytes).toBeLessThan(sdk.gzippedBytes / 2);
  });

  it.each(['--act b', '--act d'])('leaves no process behind with %s', async (act) => {
    const { child, ended, hasSaid } = startDemo('--json', ...act.split(' '));
    await hasSaid(act.endsWith('b') ? 'b  Stampede' : 'd  The database dies');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, stdout: '' });
  });

  it('ends without a stack trace when its reader has seen enough', async () => {
    const { child, ended } = startDemo('--act', 'c');
    child.stdout.destroy();
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|\n +at /);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing behind after %s', async (signal) => {
    const { child, ended, hasSaid } = startDemo('--requests', '5000');
    await hasSaid('Starting');
    child.kill(signal);
    const { code, stdout } = await ended;
    expect(stdout).toBe('');
    expect(code).toBe(signal === 'SIGINT' ? 130 : null);
  });

  it.each([
    [['--cluster', '55'], 'Give a whole number from 1 to 54'],
    [['--cluster', '5'], 'choose another one'],
    [['--cluster', '32', '--requests', '50'], 'None of 50 requests of cluster 32 reads'],
  ])('refuses %j with an exit code of its own', async (argv, message) => {
    const { code, stdout, stderr } = await startDemo(...argv).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('explains itself', async () => {
    const { code, stdout } = await startDemo('--help').ended;
    expect(code).toBe(0);
    for (const option of ['--act', '--origin', '--cluster', '--requests', '--seed', '--json']) {
      expect(stdout).toContain(option);
    }
    expect(stdout.replace(/\s+/g, ' ')).toContain('with its cache and without it at the same time');
  });
});

describe('the options', () => {
  it.each([
    [['--requests', 'many'], 'Give a whole number'],
    [['--speed', '9'], "unknown option '--speed'"],
    [['fast'], 'too many arguments'],
    [['--act', 'f'], '"f" is not an act. Acts: a (traffic), b (stampede)'],
    [['--act', ''], '"" is not an act'],
    [['--origin', '-1ms'], 'Give a time from 0ms to 10s'],
    [['--origin', 'soon'], 'Give a time from 0ms to 10s'],
  ])('refuse %j', (argv, message) => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(() => parseOptions(argv)).toThrow(message);
    expect(said).toHaveBeenCalledWith(expect.stringContaining(message));
  });
});

describe('the verdict', () => {
  const good: Figures = {
    ...{ cluster: 52, requests: 100, hitRatio: 0.8, p50Ms: 5, p99Ms: 30, p50MsWithout: 9 },
    ...{ p99MsWithout: 25, originCalls: 20, originCallsWithout: 100, readUnits: 60 },
    ...{ writeUnits: 30, usdPerMillion: 0.26, errors: 0 },
  };

  it('finds nothing wrong with good figures', () => {
    expect(problemsOf(good, [])).toEqual([]);
  });

  it.each<[Partial<Figures>, RegExp]>([
    [{ hitRatio: 0 }, /Nothing was answered/],
    [{ hitRatio: Number.NaN }, /Nothing was answered/],
    [{ p50Ms: 9 }, /median/],
    [{ p50Ms: Number.NaN }, /median/],
    [{ errors: 1 }, /1 errors, the first: it broke/],
  ])('finds fault with %o', (figures, problem) => {
    expect(problemsOf({ ...good, ...figures }, ['it broke'])).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});
