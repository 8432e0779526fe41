const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';
const IMF = new RegExp(`^[A-Z][a-z]{2}, (\\d{2}) ([A-Z][a-z]{2}) (\\d{4}) ${TIME} GMT$`);
const RFC850 = new RegExp(`^[A-Z][a-z]{5,8}, (\\d{2})-([A-Z][a-z]{2})-(\\d{2}) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * The time of an HTTP date in any of its three forms (RFC 9110, section 5.6.7), epoch milliseconds. Undefined for
 * anything else, although `Date.parse` would read much of it. A year of two digits is never more than 50 years after `now`.
 */
export function parseHttpDate(field: string | null, now: number): number | undefined {
  const text = field?.trim() ?? '';
  const [, day, month, year, ...time] = IMF.exec(text) ?? RFC850.exec(text) ?? [];
  if (day !== undefined) return timeOf({ year, month, day, time }, now);
  const [, ascMonth, ascDay, hour, minute, second, ascYear] = ASCTIME.exec(text) ?? [];
  if (ascDay === undefined) return undefined;
  const ascTime = [hour, minute, second];
  return timeOf({ year: ascYear, month: ascMonth, day: ascDay, time: ascTime }, now);
}

/** The parts of a date as they are written. */
interface Written {
  readonly year: string | undefined;
  readonly month: string | undefined;
  readonly day: string;
  readonly time: readonly (string | undefined)[];
}

function timeOf(date: Written, now: number): number | undefined {
  const { month, time } = date;
  const [written, day] = [Number(date.year), Number(date.day)];
  const [hour = 0, minute = 0, second = 0] = time.map(Number);
  const index = MONTHS.indexOf(month ?? '');
  if (index < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  // `Date.UTC` takes years below 100 for those of the last century, and no date of year 0 is meant.
  if (written === 0 || (written > 99 && written < 1000)) return undefined;
  const year = written < 100 ? century(written, now) : written;
  const ms = Date.UTC(year, index, day, hour, minute, second);
  // `Date.UTC` takes the 30th of February for the 2nd of March, and day 0 for the last one before. A 60th second may be one.
  return new Date(Date.UTC(year, index, day)).getUTCDate() === day ? ms : undefined;
}

function century(year: number, now: number): number {
  const current = new Date(now).getUTCFullYear();
  const full = current - (current % 100) + year;
  return full > current + 50 ? full - 100 : full;
}
