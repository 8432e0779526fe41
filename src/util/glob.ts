/**
 * Glob patterns over keys: `*` matches any run of characters, `?` matches one character, and `\` makes the next one
 * literal. All other characters, brackets included, match themselves.
 */

const ANY = 0;
const ONE = 1;
/** A literal character or a wildcard. */
type Token = string | typeof ANY | typeof ONE;

/** Escapes `text`, so that as a pattern it matches only itself. */
export const escapeGlob = (text: string): string => text.replace(/[*?\\]/g, '\\$&');

/** The longest literal start of the pattern. Every match begins with it, so a store can search by it. */
export function literalStart(pattern: string): string {
  const tokens = tokenize(pattern);
  const end = tokens.findIndex((token) => typeof token !== 'string');
  return (end < 0 ? tokens : tokens.slice(0, end)).join('');
}

/**
 * Compiles a pattern. A leading wildcard does not match keys that begin with `#`, which hold the service's own records
 * (tag versions, leases), just as a shell's wildcard does not match a leading dot.
 */
export function globMatcher(pattern: string): (key: string) => boolean {
  const tokens = tokenize(pattern);
  const open = typeof tokens[0] !== 'string';
  return (key) => !(open && key.startsWith('#')) && matches(tokens, Array.from(key));
}

function tokenize(pattern: string): Token[] {
  return Array.from(pattern.matchAll(/\\(.)|./gsu), ([text, literal]) => {
    if (text === '*') return ANY;
    return text === '?' ? ONE : (literal ?? text);
  });
}

/**
 * Two cursors and one point to return to, because only the last `*` ever needs another try. The time is at most pattern
 * length times key length. A regular expression for the same pattern can take exponential time.
 */
function matches(tokens: readonly Token[], key: readonly string[]): boolean {
  let t = 0;
  let k = 0;
  let star = -1;
  let taken = 0;
  while (k < key.length) {
    const token = tokens[t];
    if (token === ANY) {
      star = t++;
      taken = k;
    } else if (token === ONE || token === key[k]) {
      t++;
      k++;
    } else if (star >= 0) {
      t = star + 1;
      k = ++taken;
    } else {
      return false;
    }
  }
  return tokens.slice(t).every((token) => token === ANY);
}
