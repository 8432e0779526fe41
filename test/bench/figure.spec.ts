import { stripVTControlCharacters as plain } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Check, type Figure, misses, passes } from '../../bench/figure.js';
import { byPart } from '../../bench/figures/size.js';
import { renderFigure, renderVerdict } from '../../bench/report.js';
import { describeRun, toText } from '../../bench/results.js';

const check = (value: number, target: Check['target']): Check => ({
  ...{ what: 'speed', value, unit: 'times', target },
});

const figure = (...checks: Check[]): Figure => ({
  ...{ name: 'some', title: 'Some figure', notes: ['a note'], checks },
  tables: [{ columns: [{ name: 'what' }, { name: 'took', unit: 'ms' }], rows: [['ours', 12.34]] }],
});

describe('targets', () => {
  it.each([
    [1.25, { atMost: 1.25 }, true],
    [1.2501, { atMost: 1.25 }, false],
    [3, { atLeast: 3 }, true],
    [2.999, { atLeast: 3 }, false],
    [Number.NaN, { atMost: 1 }, false],
    [Number.NaN, { atLeast: 1 }, false],
  ])('%d of %o passes: %s', (value, target, expected) => {
    expect(passes(check(value, target))).toBe(expected);
  });

  it('collects what was missed in all figures', () => {
    const [good, bad] = [check(1, { atMost: 2 }), check(3, { atMost: 2 })];
    expect(misses([figure(good), figure(bad, good), figure(bad)])).toEqual([bad, bad]);
  });
});

describe('the report', () => {
  const missed = figure(check(2.46, { atLeast: 3 }));
  const met = figure(check(3.5, { atLeast: 3 }));

  it('shows what was measured, the target and the verdict', () => {
    const text = renderFigure(missed);
    for (const part of [
      'Some figure',
      'a note',
      'took, ms',
      '12.3',
      '2.46',
      'at least 3',
      'MISS',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('ends with a list of verdicts', () => {
    expect(plain(renderVerdict([met, missed]))).toMatch(
      /ok .*\n.*MISS .*\n.*1 of 2 targets are missed/,
    );
    expect(plain(renderVerdict([met]))).toMatch(/All 1 targets are met/);
  });

  it('is kept with each verdict, the date and the machine', () => {
    const run = describeRun([met, missed], new Date(0));
    expect(run).toMatchObject({
      date: '1970-01-01T00:00:00.000Z',
      missed: 1,
      node: process.version,
      figures: [{ checks: [{ ok: true }] }, { checks: [{ ok: false }] }],
    });
    expect(run.machine.cores).toBeGreaterThan(0);
    expect(JSON.parse(toText(run))).toEqual(run);
    expect(toText(run)).toContain('[ "ours", 12.34 ]');
  });
});

describe('the parts of a bundle', () => {
  it('adds up files by folder, what has none in the core', () => {
    const parts = byPart([
      ['cache-service.ts', 100],
      ['stores/dynamodb/item.ts', 20],
      ['stores/dynamodb/lean.ts', 3],
      ['stores/null.ts', 5],
      ['aws/transport.ts', 40],
      ['time.ts', 7],
      ['bench/programs/cold-cache.ts', 9],
    ]);
    expect(Object.fromEntries(parts)).toEqual({
      ...{ core: 107, 'stores/dynamodb': 23, stores: 5, aws: 40, bench: 9 },
    });
  });
});
