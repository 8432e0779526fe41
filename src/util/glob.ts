/**
 * Glob patterns over keys: `*` is any run of characters, `?` is one character, `\` takes the next one literally.
 * Everything else, brackets included, is itself.
 */

const ANY = 0;
const ONE = 1;
/** A literal character, or what a wildcard stands for. */
type Token = string | typeof ANY | typeof ONE;

/** Escapes `text` so that as a pattern it matches only itself. */
export const escapeGlob = (text: string): string => text.replace(/[*?\\]/g, '\\$&');

/** The longest literal start of the pattern, with which every match begins. A store can search by it. */
export function literalStart(pattern: string): string {
  const tokens = tokenize(pattern);
  const end = tokens.findIndex((token) => typeof token !== 'string');
  return (end < 0 ? tokens : tokens.slice(0, end)).join('');
}

/**
 * Compiles a pattern. Keys that begin with `#` hold the service's own records (tag versions, leases), and a leading
 * wildcard does not match them, as a shell's does not match a leading dot.
 */
export function globMatcher(pattern: string): (key: string) => boolean {
  const tokens = tokenize(pattern);
  const open = tokens.length > 0 && typeof tokens[0] !== 'string';
  return (key) => !(open && key.startsWith('#')) && matches(tokens, Array.from(key));
}

function tokenize(pattern: string): Token[] {
  return Array.from(pattern.matchAll(/\\(.)|./gsu), ([text, literal]) => {
    if (text === '*') return ANY;
    return text === '?' ? ONE : (literal ?? text);
  });
}

/**
 * Two cursors and one point to come back to: only the last `*` ever needs another try, so that the time is at most
 * pattern times key, where a regular expression made of the same pattern can take exponential time.
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
