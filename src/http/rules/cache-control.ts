/** A longer field is hostile or broken: it is not parsed, and the response not stored. */
export const LONGEST_FIELD = 8_192;
/** A cache that cannot hold a larger number of seconds uses this one (RFC 9111, section 1.2.2). */
const MOST_SECONDS = 2_147_483_648;

/** A name, with a token or a quoted string as its argument. */
const DIRECTIVE = /^([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*([\w!#$%&'*+.^`|~-]*|"(?:[^"\\]|\\.)*"))?$/s;

/** The directives of a Cache-Control field, with lower-case names. */
export interface Directives {
  has(name: string): boolean;
  /** The argument as seconds; zero if it is invalid, so that the response counts as stale. */
  seconds(name: string): number | undefined;
}

/**
 * Parses a Cache-Control field (RFC 9111, section 5.2). If a directive is repeated, the smallest number counts.
 *
 * Undefined if the field is too long, or no list of directives: `private; max-age=60` has none, but may mean some.
 */
export function parseCacheControl(field: string | null): Directives | undefined {
  if (field !== null && field.length > LONGEST_FIELD) return undefined;
  const found = new Map<string, string[]>();
  for (const part of splitList(field ?? '')) {
    const [, written, given = ''] = DIRECTIVE.exec(part) ?? [];
    if (written === undefined) return undefined;
    const name = written.toLowerCase();
    const argument = unquoted(given);
    const before = found.get(name);
    if (before) before.push(argument);
    else found.set(name, [argument]);
  }
  return {
    has: (name) => found.has(name),
    seconds: (name) =>
      found.get(name)?.reduce((least, each) => Math.min(least, delta(each)), Infinity),
  };
}

/** The elements of a list, split at commas outside quoted strings. */
export function splitList(field: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i <= field.length; i++) {
    const character = field[i];
    if (isQuoted && character === '\\') i++;
    else if (character === '"') isQuoted = !isQuoted;
    if (i >= field.length || (character === ',' && !isQuoted)) {
      const part = field.slice(start, i).trim();
      if (part) parts.push(part);
      start = i + 1;
    }
  }
  return parts;
}

const unquoted = (argument: string): string =>
  /^".*"$/s.test(argument) ? argument.slice(1, -1).replace(/\\(.)/gs, '$1') : argument;

const delta = (argument: string): number =>
  /^\d+$/.test(argument) ? Math.min(Number(argument), MOST_SECONDS) : 0;

/** The field without these directives, and with others at its end. */
export function withDirectives(
  field: string | undefined,
  without: readonly string[],
  added: readonly string[],
): string {
  const kept = splitList(field ?? '').filter(
    (part) => !without.includes((part.split('=')[0] ?? '').trim().toLowerCase()),
  );
  return [...kept, ...added].join(', ');
}
