import { readFileSync, writeFileSync } from 'node:fs';
import type { CacheEvent } from '@glasswork/cache';
import { emf } from '@glasswork/cache/metrics';
import { parse as parseSpec, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { followColorScheme, LINE_COLORS } from '../src/cli/cost/color-scheme.js';
import { type Dashboard, dashboardOf, type Widget } from './dashboard.js';
import { root } from './run.js';

// Draws the dashboard of infrastructure/metrics.yaml as docs/dashboard.svg: npx tsx scripts/dashboard-picture.ts
// The metrics are lines that emf() wrote, and the traffic behind them is made up: three hours in which the store fails
// for ten minutes, and a release invalidates everything.

const TITLE = 'The dashboard of infrastructure/metrics.yaml over three hours of made-up traffic';
const MINUTES = 180;
const OUTAGE = { from: 60, to: 70 };
const RELEASE = 120;
/** Pixels for one of the 24 columns of a dashboard. */
const COLUMN = 34;

type Line = Readonly<Record<string, unknown>>;

/** The same traffic in each run. */
let state = 14;
/** The generator mulberry32. */
const random = (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
/** A time with a long tail, milliseconds. */
const time = (typicalMs: number): number =>
  typicalMs * Math.exp(random() + random() + random() - 1.5);

function* minute(at: number): Generator<CacheEvent> {
  const key = 'key';
  const fails = at >= OUTAGE.from && at < OUTAGE.to;
  const sinceRelease = at - RELEASE;
  const invalidated = sinceRelease >= 0 ? 0.6 * Math.exp(-sinceRelease / 4) : 0;
  const requests = Math.round(600 + 150 * Math.sin(at / 30) + 60 * random());
  if (at === OUTAGE.from) yield { type: 'breaker', state: 'open' };
  for (let i = 0; i < requests; i++) {
    const misses = (reason: 'absent' | 'expired' | 'invalidated' | 'unreadable') =>
      ({ type: 'miss', key, reason }) as const;
    const failure = fails ? 'TIMEOUT' : undefined;
    const isSkipped = fails && random() < 0.97;
    if (isSkipped) yield { type: 'skip', operation: 'get', key };
    else {
      const durationMs = fails ? 1_000 : time(4);
      const call = { store: 'dynamodb', operation: 'get', key, bytesRead: 900, bytesWritten: 0 };
      yield { type: 'store', ...call, durationMs, failure };
    }
    const draw = random();
    if (fails) {
      yield misses('unreadable');
      if (!isSkipped) yield { type: 'store-error', operation: 'get', key, error: new Error('no') };
      if (random() < 0.5) yield { type: 'join', key };
      else yield { type: 'load', key, durationMs: time(60) };
    } else if (draw < invalidated) {
      yield misses('invalidated');
      yield { type: 'load', key, durationMs: time(40) };
      if (random() < 0.02) yield { type: 'refused', key, reason: 'changed' };
    } else if (draw < invalidated + 0.05) {
      yield misses(random() < 0.6 ? 'absent' : 'expired');
      yield { type: 'load', key, durationMs: time(40) };
    } else {
      const isStale = random() < 0.04;
      yield { type: 'hit', key, state: isStale ? 'stale' : 'fresh', ageMs: 1_000 };
      if (isStale) yield { type: 'refresh', key, reason: 'stale' };
      if (isStale) yield { type: 'load', key, durationMs: time(40) };
    }
  }
}

/** `emf` samples at random, so it draws from the same numbers. */
function linesOfTraffic(): Line[] {
  state = 14;
  const { random: unseeded } = Math;
  Math.random = random;
  try {
    return writeTraffic();
  } finally {
    Math.random = unseeded;
  }
}

function writeTraffic(): Line[] {
  const lines: Line[] = [];
  const metrics = emf({
    namespace: 'Shop/Cache',
    dimensions: { FunctionName: 'api' },
    write: (line) => lines.push(JSON.parse(line)),
  });
  for (let at = 0; at < MINUTES; at++) {
    for (const event of minute(at)) metrics(event);
    metrics.flush();
  }
  return lines;
}

/** A metric's value in one line, by CloudWatch's statistic. */
function statistic(line: Line, name: string, stat: string): number {
  const value = line[name] ?? 0;
  const values = [value as number | number[]].flat().sort((a, b) => a - b);
  if (stat === 'Sum') return values.reduce((sum, each) => sum + each, 0);
  const share = Number(stat.slice(1)) / 100;
  return values[Math.min(Math.floor(share * values.length), values.length - 1)] ?? 0;
}

function chartOf({ properties, width, height }: Widget, lines: readonly Line[]): object {
  const { title, metrics, stat = 'Sum', stacked = false, yAxis } = properties;
  const rows = lines.map((line, at) => ({
    at,
    ...Object.fromEntries(
      metrics.flatMap((metric) => {
        if (!metric.name) return [];
        const field = metric.id ? `id ${metric.id}` : (metric.label ?? metric.name);
        return [[field, statistic(line, metric.name, metric.stat ?? stat)]];
      }),
    ),
  }));
  const calculated = metrics.flatMap(({ expression, label = '' }) => {
    if (!expression) return [];
    return [{ calculate: expression.replace(/FILL\((\w+), 0\)/g, "datum['id $1']"), as: label }];
  });
  const shown = metrics.filter(({ visible }) => visible !== false);
  const fields = shown.map(({ label, name = '' }) => label ?? name);
  const { min, max } = yAxis?.left ?? {};
  return {
    title: { text: title, anchor: 'start', fontSize: 13 },
    width: width * COLUMN - 70,
    height: height * COLUMN - 90,
    data: { values: rows },
    transform: [...calculated, { fold: fields, as: ['metric', 'value'] }],
    mark: stacked ? { type: 'area' } : { type: 'line', strokeWidth: 1.5 },
    encoding: {
      x: {
        field: 'at',
        type: 'quantitative',
        title: null,
        axis: { grid: false, labelExpr: "datum.value + ' min'" },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        title: null,
        ...(max !== undefined && { scale: { domain: [min ?? 0, max] } }),
        stack: stacked ? 'zero' : null,
      },
      color: {
        field: 'metric',
        type: 'nominal',
        sort: fields,
        title: null,
        legend: { orient: 'bottom', columns: 2, labelLimit: 240 },
      },
    },
  };
}

/** The widgets at their places: those of one row are side by side. */
function specOf({ widgets }: Dashboard, lines: readonly Line[]): object {
  const rows = [...new Set(widgets.map(({ y }) => y))].sort((a, b) => a - b);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: '#ffffff',
    padding: 12,
    config: { font: 'Helvetica, Arial, sans-serif', range: { category: LINE_COLORS } },
    resolve: { scale: { color: 'independent' } },
    vconcat: rows.map((y) => ({
      resolve: { scale: { color: 'independent' } },
      hconcat: widgets
        .filter((widget) => widget.y === y)
        .sort((a, b) => a.x - b.x)
        .map((widget) => chartOf(widget, lines)),
    })),
  };
}

/** The dashboard of a template, drawn in light and dark. */
export async function drawDashboard(template: string): Promise<string> {
  // The type of a whole specification is too deep to be written as a literal.
  const spec = specOf(dashboardOf(template), linesOfTraffic()) as TopLevelSpec;
  const view = new View(parseSpec(compile(spec).spec), { renderer: 'none' });
  // Its roles are for a chart that answers the mouse. A picture has a title instead.
  const picture = (await view.toSVG()).replace(/ (role|aria-[\w-]+)="[^"]*"/g, '');
  const titled = `$1 role="img"$2<title>${TITLE}</title>`;
  return `${followColorScheme(picture).replace(/(<svg)([^>]*>)/, titled)}\n`;
}

if (import.meta.filename === process.argv[1]) {
  const template = readFileSync(`${root}infrastructure/metrics.yaml`, 'utf8');
  writeFileSync(`${root}docs/dashboard.svg`, await drawDashboard(template));
}
