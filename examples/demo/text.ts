/** How numbers are written everywhere in the demo. */
export const count = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
/** A dash where nothing was measured. */
export const ms = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : `${value.toFixed(1)} ms`;
export const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;
export const usd = (value: number): string => `${value.toFixed(2)} USD`;
export const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`;

export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Breaks text between words, so that no line is longer than `width`, as long as no word is. */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const longer = line === indent ? indent + word : `${line} ${word}`;
    if (longer.length > width && line !== indent) {
      lines.push(line);
      line = indent + word;
    } else {
      line = longer;
    }
  }
  return [...lines, line].join('\n');
}

/** Seconds in the largest unit that gives at least one. */
export function span(value: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const;
  const [unit, size] = units.find(([, size]) => value >= size) ?? ['s', 1];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}
