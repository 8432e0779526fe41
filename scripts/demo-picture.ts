import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { createAnsiSequenceParser, type ParseToken } from 'ansi-sequence-parser';
import { toHtml } from 'hast-util-to-html';
import { s } from 'hastscript';

// Turns what a run of the demo printed into docs/demo.svg, and into the text of its page:
//   FORCE_COLOR=1 npm run --silent demo | npx tsx scripts/demo-picture.ts

const PICTURE = new URL('../docs/demo.svg', import.meta.url);
const PAGE = new URL('../examples/demo/README.md', import.meta.url);
const [CHARACTER, LINE, MARGIN] = [8.4, 18, 20];
const COLORS: Readonly<Record<string, string>> = {
  green: '#3fb950',
  yellow: '#d29922',
  cyan: '#39c5cf',
};
/** A bar of a table, or words with single blanks between them: each is put where it belongs. */
const PIECE = /│|[^\s│]+(?: [^\s│]+)*/g;
const [PAPER, INK] = ['#0d1117', '#e6edf3'];

const printed = await text(process.stdin);
const shown = excerpt(printed);
writeFileSync(PICTURE, `${draw(shown)}\n`);
const marked = /(<!-- demo -->\n)[\s\S]*(<!-- \/demo -->)/;
const block = `\`\`\`text\n${stripVTControlCharacters(shown)}\n\`\`\``;
writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(marked, `$1\n${block}\n\n$2`));

/** The table of the traffic, with all that is worse than before, and the closing table, which holds every act. */
function excerpt(output: string): string {
  const lines = output.split('\n');
  const plain = lines.map(stripVTControlCharacters);
  const short = plain.indexOf('In short');
  if (short < 0) throw new Error('This is not the output of a whole run of the demo.');
  const tableAfter = (start: number) => {
    const first = plain.findIndex((line, i) => i >= start && line.startsWith('┌'));
    const last = plain.findIndex((line, i) => i >= first && line.startsWith('└'));
    return lines.slice(first, last + 1);
  };
  return [...tableAfter(0), '', lines[short], ...tableAfter(short)].join('\n');
}

function draw(output: string): string {
  const lines = output.split('\n');
  const columns = Math.max(...lines.map((line) => stripVTControlCharacters(line).length));
  const [width, height] = [
    Math.ceil(columns * CHARACTER + 2 * MARGIN),
    lines.length * LINE + 2 * MARGIN,
  ];
  const parser = createAnsiSequenceParser();
  const rows = lines.map((line, row) => {
    let column = 0;
    const y = MARGIN + (row + 0.75) * LINE;
    return parser.parse(line).flatMap((token) => {
      const start = column;
      column += token.value.length;
      return [...token.value.matchAll(PIECE)].map((match) =>
        span(token, match[0], MARGIN + (start + match.index) * CHARACTER, y),
      );
    });
  });
  const picture = s(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height },
    s('title', 'What the demo printed'),
    s('rect', { width, height, rx: 8, fill: PAPER }),
    s(
      'g',
      {
        fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
        fontSize: 14,
        fill: INK,
      },
      rows.flat(),
    ),
  );
  return toHtml(picture, { space: 'svg' });
}

/** `textLength` keeps the columns where they are, whichever font there is. */
function span({ foreground, decorations }: ParseToken, piece: string, x: number, y: number) {
  const color = foreground?.type === 'named' ? COLORS[foreground.name] : undefined;
  return s(
    'text',
    {
      ...{ x: x.toFixed(1), y, textLength: (piece.length * CHARACTER).toFixed(1) },
      lengthAdjust: 'spacingAndGlyphs',
      ...(color && { fill: color }),
      ...(decorations.has('bold') && { fontWeight: 'bold' }),
    },
    piece,
  );
}
