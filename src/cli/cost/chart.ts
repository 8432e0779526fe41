import { CacheError } from '../../model/errors.js';
import { followColorScheme, LINE_COLORS } from './color-scheme.js';
import { costs } from './cost.js';
import { crossings, steps } from './crossings.js';
import type { Prices } from './prices.js';
import type { Workload } from './workload.js';

/** Lines may lie upon each other. */
const DASHES = [
  [1, 0],
  [8, 3],
  [3, 3],
];

/** The monthly cost of each store over the requests a second, as a specification for Vega-Lite. */
export function chartSpec(
  workloadAt: (requests: number) => Workload,
  prices: Prices,
  title: string,
): object {
  const values = [...steps(1.4)].flatMap((requests) =>
    costs(workloadAt(requests), prices).map(({ store, total }) =>
      point(requests, total, { store }),
    ),
  );
  const crossed = crossings(workloadAt, prices).map(({ above, requests }) => {
    const cheapest = Math.min(...costs(workloadAt(requests), prices).map(({ total }) => total));
    return point(requests, cheapest, { from: `${above} from ${Number(requests.toPrecision(2))}` });
  });
  const logarithmic = { type: 'log' } as const;
  const position = {
    x: {
      field: 'requests',
      type: 'quantitative',
      scale: logarithmic,
      title: 'requests a second',
    },
    y: { field: 'cost', type: 'quantitative', scale: logarithmic, title: 'US dollars a month' },
  } as const;
  const label = { field: 'from', type: 'nominal' } as const;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    title,
    width: 640,
    height: 400,
    background: 'white',
    layer: [
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          ...position,
          color: {
            field: 'store',
            type: 'nominal',
            sort: null,
            scale: { range: LINE_COLORS },
            // Names are longer than the labels that Vega cuts.
            legend: { title: null, labelLimit: 0 },
          },
          strokeDash: {
            field: 'store',
            type: 'nominal',
            sort: null,
            scale: { range: DASHES },
            legend: { title: null, labelLimit: 0 },
          },
        },
      },
      // Where the cheapest store changes.
      {
        data: { values: crossed },
        encoding: position,
        layer: [
          { mark: { type: 'point', filled: true, size: 60, color: '#000', opacity: 1 } },
          {
            mark: {
              type: 'text',
              align: 'left',
              baseline: 'top',
              dx: 6,
              dy: 6,
              fontWeight: 'bold',
              color: '#000',
            },
            encoding: { text: label },
          },
        ],
      },
    ],
  };
}

const point = <More>(requests: number, cost: number, more: More) => ({
  requests: Number(requests.toPrecision(4)),
  // A logarithm has no zero.
  cost: Number(Math.max(cost, 0.01).toPrecision(4)),
  ...more,
});

/** Draws the chart, in light and dark. @throws CacheError `MISSING_PEER` unless vega and vega-lite are installed: they weigh 1.4 MB. */
export async function drawChart(spec: object): Promise<string> {
  const [vega, { compile }] = await loadVega();
  // The specification is ours, and typed by Vega-Lite's whole grammar.
  const compiled = compile(spec as never).spec;
  return followColorScheme(await new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG());
}

async function loadVega() {
  try {
    return await Promise.all([import('vega'), import('vega-lite')]);
  } catch (cause) {
    const message =
      'A chart needs the packages vega and vega-lite: install them, or run npx -p vega -p vega-lite -p @glasswork/cache glasswork-cache cost …; --spec writes the specification without them.';
    throw new CacheError('MISSING_PEER', message, { subject: 'vega', cause });
  }
}
