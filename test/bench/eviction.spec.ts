import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { busiestClusters } from '../../bench/eviction/clusters.js';
import { lruCache, memoryStore, missRatio, sizeOf } from '../../bench/eviction/replay.js';
import { type Access, drawTrace, type Trace, withScans } from '../../bench/eviction/trace.js';
import type { Figure } from '../../bench/figure.js';
import { REQUESTS, SEED } from '../../bench/figures/eviction.js';
import { toMarkdown, withTables } from '../../bench/page.js';

describe('the traces of the eviction figure', () => {
  it('are of the ten clusters with the most requests that can be drawn', () => {
    const clusters = busiestClusters();
    expect(clusters.map(({ cluster }) => cluster)).toEqual([18, 27, 52, 25, 9, 16, 6, 2, 1, 29]);
    for (const { alpha, writeShare } of clusters) {
      expect(alpha).toBeGreaterThan(0);
      expect(writeShare).toBeLessThan(1);
    }
  });

  it('come out the same for the same seed, with values of the mean size', () => {
    const [workload] = busiestClusters();
    if (!workload) throw new Error('no cluster');
    const trace = drawTrace(workload, 20_000, 7);
    expect(drawTrace(workload, 20_000, 7)).toEqual(trace);
    expect(drawTrace(workload, 20_000, 8)).not.toEqual(trace);
    const texts = new Set(trace.accesses.map(({ item }) => item));
    expect(trace.footprint.entries).toBe(texts.size);
    const { key } = trace.accesses[0]?.item ?? { key: '' };
    expect(key).toHaveLength(workload.keyBytes);
  });

  it('scan ten times as many keys as they have, and never one twice', () => {
    const trace = traceOf([...'abcdefghijklmnopqrst']);
    const { accesses, footprint } = withScans(trace);
    const scanned = accesses.filter(({ scan }) => scan).map(({ item }) => item.key);
    expect(scanned).toHaveLength(10 * 20);
    expect(new Set(scanned).size).toBe(200);
    expect(accesses.filter(({ scan }) => !scan)).toEqual(trace.accesses);
    expect(footprint).toEqual(trace.footprint);
  });
});

/** A letter's size under a letter. */
const SIZE = sizeOf({ key: 'a', text: 'x' });

describe('the contestants', () => {
  const loop = traceOf([...'abcabcabc']);

  it.each([
    ['lru-cache', lruCache],
    ['the memory store', memoryStore],
  ])('%s misses only what it has not seen where there is room', async (_, contestant) => {
    expect(await missRatio(loop, contestant({ maxEntries: 3 }))).toBe(3 / 9);
    expect(await missRatio(loop, contestant({ maxBytes: 3 * SIZE }))).toBe(3 / 9);
  });

  it.each([
    ['lru-cache', lruCache],
    ['the memory store', memoryStore],
  ])('%s misses what is too old, and finds what was written', async (_, contestant) => {
    const late = traceOf([...'aaa'], { gapMs: 600, ttlMs: 1_000 });
    expect(await missRatio(late, contestant({ maxEntries: 3 }))).toBe(2 / 3);
    const written = traceOf([...'Aaa']);
    expect(await missRatio(written, contestant({ maxEntries: 3 }))).toBe(0);
  });

  it('lru-cache evicts what was read longest ago', async () => {
    expect(await missRatio(loop, lruCache({ maxEntries: 2 }))).toBe(1);
    expect(await missRatio(traceOf([...'abacaba']), lruCache({ maxEntries: 2 }))).toBe(4 / 7);
  });

  it('neither holds what is larger than everything', async () => {
    const large = traceOf([...'aa'], { text: 'x'.repeat(50) });
    expect(await missRatio(large, lruCache({ maxBytes: SIZE + 20 }))).toBe(1);
    expect(await missRatio(large, memoryStore({ maxBytes: SIZE + 20 }))).toBe(1);
  });
});

describe('the page', () => {
  const figure: Figure = {
    ...{ name: 'some', title: 'Some', notes: [], checks: [] },
    tables: [{ columns: [{ name: 'what' }, { name: 'misses', unit: '%' }], rows: [['a', 12.34]] }],
  };

  it('gets the tables in place of those that it had', () => {
    const page = 'before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter';
    const table = '| what | misses |\n| ---- | -----: |\n| a    |   12.3 |';
    expect(toMarkdown(figure.tables[0] as Figure['tables'][0])).toBe(table);
    const expected = `before\n<!-- measured: begin -->\n\n${table}\n\n<!-- measured: end -->\nafter`;
    expect(withTables(page, figure)).toBe(expected);
    expect(withTables(expected, figure)).toBe(expected);
    expect(() => withTables('no marks', figure)).toThrow('measured: begin');
  });

  it('says what is measured', async () => {
    const page = await readFile(new URL('../../docs/eviction.md', import.meta.url), 'utf8');
    const [workload] = busiestClusters();
    if (!workload) throw new Error('no cluster');
    const trace = drawTrace(workload, REQUESTS, SEED);
    const capacity = { maxEntries: Math.round(trace.footprint.entries * 0.1) };
    const percent = async (ratio: Promise<number>) => ((await ratio) * 100).toFixed(1);
    const lru = await percent(missRatio(trace, lruCache(capacity)));
    const ours = await percent(missRatio(trace, memoryStore(capacity)));
    const row = page.split('\n').find((line) => line.startsWith(`| cluster ${workload.cluster},`));
    const cells = row?.split('|').map((cell) => cell.trim());
    expect(cells?.slice(5, 7)).toEqual([lru, ours]);
  });
});

/** Capitals are written, all others are read. */
function traceOf(
  letters: readonly string[],
  { gapMs = 1, ttlMs = 60_000, text = 'x' } = {},
): Trace {
  const keys = new Set(letters.map((letter) => letter.toLowerCase()));
  const items = new Map(Array.from(keys, (key) => [key, { key, text, ttlMs }]));
  const accesses = letters.map((letter, i): Access => {
    const item = items.get(letter.toLowerCase());
    if (!item) throw new Error(`no item ${letter}`);
    return {
      kind: letter === letter.toLowerCase() ? 'read' : 'write',
      ...{ item, at: i * gapMs, scan: false },
    };
  });
  return { accesses, footprint: { entries: items.size, bytes: items.size * (1 + text.length) } };
}
