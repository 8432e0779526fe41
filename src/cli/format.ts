const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** As in `1.4 KB`; a KB has 1024 bytes. */
export function bytesText(bytes: number): string {
  const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10)));
  const amount = bytes / 1024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power]}`;
}

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As in `in 4m` or `2h ago`, of a time in epoch milliseconds. */
export function agoText(time: number, now: number): string {
  const span = spanText(Math.abs(time - now));
  return time > now ? `in ${span}` : `${span} ago`;
}

/** The largest unit that fits, as in `90s` or `3d`. */
export function spanText(ms: number): string {
  const [unit, size] = SPANS.find(([, each]) => ms >= 2 * each) ?? ['ms', 1];
  return `${Math.floor(ms / size)}${unit}`;
}

/** ISO 8601, and how long ago. */
export function timeText(time: number, now: number): string {
  return `${isoTime(time)} (${agoText(time, now)})`;
}

/** ISO 8601, also for a time that no date can hold. */
export function isoTime(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}

export const countText = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
