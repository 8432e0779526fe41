import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Figures, problemsOf } from '../../examples/demo/verdict.js';

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
  it('prints one JSON object, and judges it', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await startDemo(
      ...['--json', '--requests', '300', '--seed', '7', '--cluster', '29'],
    ).ended;
    const figures = JSON.parse(stdout) as Figures;
    expect(stdout).toBe(`${JSON.stringify(figures)}\n`);
    expect(Object.keys(figures)).toEqual([
      ...['cluster', 'requests', 'hitRatio', 'p50Ms', 'p99Ms', 'p50MsWithout', 'p99MsWithout'],
      ...['originCalls', 'originCallsWithout', 'readUnits', 'writeUnits', 'usdPerMillion'],
      'errors',
    ]);
    expect(figures).toMatchObject({ cluster: 29, requests: 300, originCallsWithout: 300 });
    expect(figures.errors, stderr).toBe(0);
    expect(figures.hitRatio).toBeGreaterThan(0);
    expect(figures.hitRatio).toBeLessThan(1);
    expect(figures.originCalls).toBeLessThan(300);
    // Every read of the cache costs half a unit at least, every fill and invalidation a whole one.
    expect(figures.readUnits).toBeGreaterThan(300 * 0.86 * 0.4);
    expect(figures.writeUnits).toBeGreaterThan(figures.originCalls);
    expect(stderr).toContain('seed 7');
    // The medians are this machine's, and it may be busy; the verdict must be what they say.
    expect(code, stderr).toBe(figures.p50Ms < figures.p50MsWithout ? 0 : 1);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'leaves nothing behind after %s',
    {
      // A database that is just being compiled notices only then that its parent is gone.
      timeout: 60_000,
    },
    async (signal) => {
      const { child, ended, hasSaid } = startDemo('--requests', '5000');
      await hasSaid('Starting');
      child.kill(signal);
      const { code, stdout } = await ended;
      expect(stdout).toBe('');
      expect(code).toBe(signal === 'SIGINT' ? 130 : null);
    },
  );

  it.each([
    [['--cluster', '55'], 'Give a whole number from 1 to 54'],
    [['--cluster', '5'], 'choose another one'],
    [['--cluster', '32', '--requests', '50'], 'None of 50 requests of cluster 32 reads'],
    [['--requests', 'many'], 'Give a whole number'],
    [['--speed', '9'], "unknown option '--speed'"],
    [['fast'], 'too many arguments'],
  ])('refuses %j', async (argv, message) => {
    const { code, stdout, stderr } = await startDemo(...argv).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('explains itself', async () => {
    const { code, stdout } = await startDemo('--help').ended;
    expect(code).toBe(0);
    for (const option of ['--cluster', '--requests', '--seed', '--json']) {
      expect(stdout).toContain(option);
    }
    expect(stdout.replace(/\s+/g, ' ')).toContain('with its cache and without it at the same time');
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
