const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const MONTH = '(?<month>[A-Z][a-z]{2})';
const TIME = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
const IMF = new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`);
const RFC850 = new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`);

/**
 * The time of an HTTP date in any of its three forms (RFC 9110, section 5.6.7), epoch milliseconds. Undefined for
 * anything else, although `Date.parse` would read much of it. A year of two digits is never more than 50 years after `now`.
 */
export function parseHttpDate(field: string | null, now: number): number | undefined {
  const text = field?.trim() ?? '';
  const parts = (IMF.exec(text) ?? RFC850.exec(text) ?? ASCTIME.exec(text))?.groups;
  return parts && timeOf(parts, now);
}

function timeOf(parts: Readonly<Record<string, string>>, now: number): number | undefined {
  const { month = '', year = '' } = parts;
  const [written = 0, day = 0, hour = 0, minute = 0, second = 0] = [
    year,
    parts.day,
    parts.hour,
    parts.minute,
    parts.second,
  ].map(Number);
  const index = MONTHS.indexOf(month);
  if (index < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  // `Date.UTC` takes years below 100 for those of the last century, and no date of the year 0 is meant.
  if (year === '0000' || (written > 99 && written < 1000)) return undefined;
  const full = written < 1000 ? century(written, now) : written;
  // `Date.UTC` takes the 30th of February for the 2nd of March, and day 0 for the last one before. A 60th second may be one.
  const isDay = new Date(Date.UTC(full, index, day)).getUTCDate() === day;
  return isDay ? Date.UTC(full, index, day, hour, minute, second) : undefined;
}

function century(year: number, now: number): number {
  const current = new Date(now).getUTCFullYear();
  const full = current - (current % 100) + year;
  return full > current + 50 ? full - 100 : full;
}
