import { builtin } from '../../aws/builtin.js';
import { invalid } from '../../model/errors.js';
import { globMatcher, literalStart } from '../../util/glob.js';

/**
 * The longest escaped key, characters. S3 allows 1,024 bytes for a whole name, but its imitations keep objects as files,
 * whose names have at most 255.
 */
const LONGEST_KEY = 230;
/** The most characters of a longer key that come before its hash. */
const READABLE_CHARACTERS = 150;
const LONGEST_PREFIX = 512;

/** The characters that S3, its browsers and its imitations all take literally. */
const PLAIN = /^[A-Za-z0-9_.:@-]$/;
const NAME = /^(?:[A-Za-z0-9_.:@-]|=[0-9A-F]{2}|=u[0-9a-f]{4})*(?:==[0-9a-f]{64})?$/;
/** The name of the empty key, because a name that ends in a slash looks like a folder. */
const EMPTY = '=empty';
const ESCAPES = /(?:=[0-9A-F]{2})+|=u([0-9a-f]{4})/g;
const PREFIX = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9_.:@-]+(?:\/[A-Za-z0-9_.:@-]+)*$/;

/**
 * Records of tags and of prefixes outlive all values, so they have a folder of their own: a lifecycle rule of the bucket
 * knows only folders.
 */
const VALUES = 'v/';
const VERSIONS = 'r/';
const IS_VERSION = /^#(tag|prefix):/;

/** The names of a store's objects, all below its prefix. */
export interface S3Keys {
  /** The object's name: the prefix, a folder, and the key, or the key's readable start and hash. */
  encode(key: string): string;
  /** The key of a name. Null for a name with a hash, undefined for a name that another program chose. */
  decode(name: string): string | null | undefined;
  /** The beginnings of the names that a pattern can match; without a pattern, of all names. */
  starts(pattern?: string): string[];
  /** The folders that hold all names. */
  readonly folders: readonly string[];
}

/**
 * Any string is a key. A character that not every S3 takes literally becomes `=` and two digits for each byte, half a
 * surrogate pair becomes `=u` and four digits, and `==` comes before the hash of a long key, so no two keys collide.
 *
 * @throws CacheError `INVALID_OPTION`.
 */
export function s3Keys(given: unknown): S3Keys {
  const prefix = typeof given === 'string' ? given.replace(/\/$/, '') : '';
  if (!PREFIX.test(prefix) || prefix.length > LONGEST_PREFIX) {
    const give = `a name such as "cache" or "shop/cache", of letters, digits and "_.:@-", up to ${LONGEST_PREFIX} characters: clear() deletes all objects of the store below it`;
    throw invalid('prefix', given, give);
  }
  const folders = [`${prefix}/${VALUES}`, `${prefix}/${VERSIONS}`] as const;
  const [values, versions] = folders;
  return {
    folders,
    encode(key) {
      const folder = IS_VERSION.test(key) ? versions : values;
      const name = escaped(key);
      if (name !== undefined) return folder + name;
      return `${folder}${readableStart(key)}==${hashOf(key)}`;
    },
    decode(name) {
      const folder = folders.find((each) => name.startsWith(each));
      const part = folder && name.slice(folder.length);
      if (part === EMPTY) return '';
      if (!part || !NAME.test(part)) return undefined;
      return part.includes('==') ? null : unescaped(part);
    },
    starts(pattern = '') {
      const start = literalStart(pattern);
      const begin = readableStart(start);
      // A wildcard at the start does not match `#`.
      const both = pattern === '' || start.startsWith('#');
      return (both ? folders : [values]).map((folder) => folder + begin);
    },
  };
}

/** The text as a part of a name. Undefined if it is too long. */
function escaped(text: string): string | undefined {
  if (text === '') return EMPTY;
  let name = '';
  for (const character of text) {
    name += asName(character, name === '');
    if (name.length > LONGEST_KEY) return undefined;
  }
  return name;
}

function readableStart(text: string): string {
  let name = '';
  for (const character of text) {
    const next = name + asName(character, name === '');
    if (next.length > READABLE_CHARACTERS) break;
    name = next;
  }
  return name;
}

function asName(character: string, isFirst: boolean): string {
  // Some programs resolve a part that is only dots, as in a path of files.
  if (PLAIN.test(character) && !(isFirst && character === '.')) return character;
  if (!character.isWellFormed()) return `=u${character.charCodeAt(0).toString(16)}`;
  return Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '=$&');
}

const unescaped = (name: string): string =>
  name.replace(ESCAPES, (escapes, unit?: string) =>
    unit === undefined
      ? Buffer.from(escapes.replaceAll('=', ''), 'hex').toString()
      : String.fromCharCode(Number.parseInt(unit, 16)),
  );

/** UTF-16, because UTF-8 encodes all lone surrogates alike. */
const hashOf = (key: string): string =>
  builtin.crypto().createHash('sha256').update(key, 'utf16le').digest('hex');

/** Tests keys against a pattern. */
export const matcher = (pattern: string): ((key: string) => boolean) => globMatcher(pattern);
