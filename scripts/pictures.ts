import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { toHtml } from 'hast-util-to-html';
import { s } from 'hastscript';
import * as v from 'valibot';
import { parse } from 'yaml';

// Draws docs/pictures/*.yaml, time from left to right, a lane for each that acts: npx tsx scripts/pictures.ts

export const PICTURES = new URL('../docs/pictures/', import.meta.url);
const [WIDTH, LEFT, RIGHT, TOP, LANE, BAR] = [760, 120, 24, 44, 62, 22];
const KINDS = ['plain', 'good', 'old', 'bad'] as const;

const kind = v.optional(v.picklist(KINDS), 'plain');
const Picture = v.strictObject({
  title: v.string(),
  /** The text for a reader who cannot see it. */
  text: v.string(),
  end: v.number(),
  lanes: v.array(
    v.strictObject({
      name: v.string(),
      spans: v.optional(
        v.array(v.strictObject({ from: v.number(), to: v.number(), text: v.string(), kind })),
        [],
      ),
      points: v.optional(v.array(v.strictObject({ at: v.number(), text: v.string(), kind })), []),
    }),
  ),
  /** Moments that concern all lanes. */
  lines: v.optional(v.array(v.strictObject({ at: v.number(), text: v.string() })), []),
});
type Picture = v.InferOutput<typeof Picture>;

const STYLE = `
.paper { fill: #ffffff; stroke: #d5d9e0 } .text { fill: #1f2430 } .dim { fill: #4b5260 }
.axis { stroke: #c3c8d2 } .line { stroke: #6b7280; stroke-dasharray: 3 4 }
.plain { fill: #dbe6f6 } .good { fill: #cdebd3 } .old { fill: #f7e3b5 } .bad { fill: #f6cdcd }
circle.plain { fill: #2f6fc0 } circle.good { fill: #23823b } circle.old { fill: #9a6700 } circle.bad { fill: #c0362c }
@media (prefers-color-scheme: dark) {
  .paper { fill: #16181d; stroke: #363b46 } .text { fill: #e6e8ee } .dim { fill: #b3b8c4 }
  .axis { stroke: #4a505d } .line { stroke: #8a91a0 }
  .plain { fill: #22406b } .good { fill: #1d4d2b } .old { fill: #59450f } .bad { fill: #632322 }
  circle.plain { fill: #7fb2f0 } circle.good { fill: #57c474 } circle.old { fill: #e0b04a } circle.bad { fill: #f0837a }
}`;

/** The picture as SVG, in the light or dark colours that the reader's system asks for. */
export function drawPicture(yaml: string): string {
  const picture = v.parse(Picture, parse(yaml));
  const height = TOP + picture.lanes.length * LANE + 16;
  const x = (at: number) => LEFT + (at / picture.end) * (WIDTH - LEFT - RIGHT);
  const svg = s(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: 'img',
      fontFamily: 'system-ui, sans-serif',
      fontSize: 13,
    },
    s('title', picture.title),
    s('desc', picture.text),
    s('style', STYLE),
    s('rect.paper', { x: 0.5, y: 0.5, width: WIDTH - 1, height: height - 1, rx: 8 }),
    picture.lines.flatMap(({ at, text }) => [
      s('line.line', { x1: x(at), x2: x(at), y1: TOP - 8, y2: height - 14 }),
      s('text.dim', { x: x(at), y: TOP - 16, textAnchor: 'middle' }, text),
    ]),
    picture.lanes.flatMap((lane, i) => drawLane(lane, TOP + i * LANE, x)),
  );
  return `${toHtml(svg, { space: 'svg' })}\n`;
}

function drawLane(lane: Picture['lanes'][number], y: number, x: (at: number) => number) {
  const middle = y + LANE - BAR;
  return [
    s('text.text', { x: 16, y: middle + 5, fontWeight: 600 }, lane.name),
    s('line.axis', { x1: LEFT, x2: WIDTH - RIGHT, y1: middle, y2: middle }),
    ...lane.spans.flatMap(({ from, to, text, kind }) => [
      s(`rect.${kind}`, {
        ...{ x: x(from), y: middle - BAR / 2, width: x(to) - x(from), height: BAR, rx: 4 },
      }),
      s('text.text', { x: (x(from) + x(to)) / 2, y: middle + 5, textAnchor: 'middle' }, text),
    ]),
    ...lane.points.flatMap(({ at, text, kind }) => [
      s(`circle.${kind}`, { cx: x(at), cy: middle, r: 5 }),
      s('text.dim', { x: x(at), y: middle - 17, textAnchor: anchorOf(at, x) }, text),
    ]),
  ];
}

/** Words at an edge would leave the picture. */
function anchorOf(at: number, x: (at: number) => number): string {
  if (x(at) > WIDTH - 110) return 'end';
  return x(at) < LEFT + 40 ? 'start' : 'middle';
}

export const picturesIn = (folder: URL): string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.yaml'));

if (import.meta.filename === process.argv[1]) {
  for (const name of picturesIn(PICTURES)) {
    const svg = drawPicture(readFileSync(new URL(name, PICTURES), 'utf8'));
    writeFileSync(new URL(name.replace(/yaml$/, 'svg'), PICTURES), svg);
  }
}
