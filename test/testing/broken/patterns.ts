import { globMatcher } from '../../../src/util/glob.js';
import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** `delByPattern` by a matcher of its own, over the keys that were ever set. */
const patternsBy = (matcher: (pattern: string) => (key: string) => boolean) =>
  memoryWith((inner) => {
    const keys = new Set<string>();
    return {
      async set(key, value, ttl) {
        keys.add(key);
        await inner.set(key, value, ttl);
      },
      async delByPattern(pattern) {
        const matches = matcher(pattern);
        let deleted = 0;
        for (const key of keys) {
          if (!matches(key) || !(await inner.has(key))) continue;
          await inner.del(key);
          deleted++;
        }
        return deleted;
      },
    };
  });

const asRegExp = (pattern: string, flags = 's', edit = (source: string) => `^${source}$`) => {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const expression = new RegExp(edit(source.replaceAll('?', '.')), flags);
  return (key: string) => expression.test(key);
};

const BESIDE_RECORDS = 'deletes keys that begin with # only by a pattern that begins with #';

export const patterns: readonly BrokenStore[] = [
  broken(
    'makes regular expressions of patterns as they are',
    patternsBy((pattern) => {
      try {
        const expression = new RegExp(pattern.replaceAll('*', '.*'));
        return (key) => expression.test(key);
      } catch {
        return () => false;
      }
    }),
    'deletes by a pattern: from the start to the end',
    'deletes by a pattern: ? for one character',
    'deletes by a pattern: literal brackets',
    'deletes by a pattern: literal characters of regular expressions',
    'deletes by a pattern: line breaks',
  ),
  broken(
    'does not escape in patterns',
    patternsBy((pattern) => asRegExp(pattern)),
    'deletes by a pattern: an escaped *',
    'deletes by a pattern: an escaped ?',
    'deletes by a pattern: an escaped \\',
    'deletes by a pattern: an escape without effect',
    'deletes by a pattern: ? for one character of two code units',
    'deletes keys that begin with # only by a pattern that begins with #',
  ),
  broken(
    'matches patterns within lines',
    patternsBy((pattern) => asRegExp(pattern, '')),
    'deletes by a pattern: line breaks',
  ),
  broken(
    'matches the start of keys only',
    patternsBy((pattern) => asRegExp(pattern, 's', (source) => `^${source}`)),
    'deletes by a pattern: from the start to the end',
    'deletes by a pattern: a * in the middle',
  ),
  broken(
    'matches anywhere in keys',
    patternsBy((pattern) => asRegExp(pattern, 's', (source) => `${source}$`)),
    'deletes keys that begin with # only by a pattern that begins with #',
  ),
  broken(
    'matches patterns without regard to case',
    patternsBy((pattern) => asRegExp(pattern, 'si')),
    'deletes by a pattern: * for any run of characters',
    'deletes by a pattern: keys of any length',
  ),
  broken(
    'knows patterns with one * at the end',
    patternsBy((pattern) => (key) => key.startsWith(pattern.replace(/\*.*$/s, ''))),
    'deletes by a pattern: several *',
    'deletes by a pattern: ** as *',
    'deletes by a pattern that begins with a wildcard',
  ),
  broken(
    'knows no key by its whole name that is long',
    patternsBy((pattern) => {
      const matches = globMatcher(pattern);
      return (key) => matches(key.slice(0, 1_024));
    }),
    'deletes by a pattern: keys of any length',
    'deletes by a pattern: a long key by its full name',
    'deletes by a pattern: a long prefix',
  ),
  broken(
    'matches keys as UTF-8',
    patternsBy((pattern) => {
      const matches = globMatcher(pattern.toWellFormed());
      return (key) => matches(key.toWellFormed());
    }),
    'deletes by a pattern: a literal half of a surrogate pair',
  ),
  broken(
    'leaves what it cannot write as UTF-8',
    patternsBy((pattern) => {
      const matches = globMatcher(pattern);
      return (key) => key.isWellFormed() && matches(key);
    }),
    'deletes by a pattern: keys with half a surrogate pair',
  ),
  broken(
    'knows the braces of a shell',
    patternsBy((pattern) => {
      const [, choices] = /\{(.*)\}/.exec(pattern) ?? [];
      const all = choices?.split(',').map((one) => pattern.replace(/\{.*\}/, one)) ?? [pattern];
      const matchers = all.map(globMatcher);
      return (key) => matchers.some((matches) => matches(key));
    }),
    'deletes by a pattern: literal braces',
  ),
  broken(
    'gives patterns to a query as they are',
    patternsBy((pattern) => {
      const source = pattern.replace(/[.+^$()|[\]{}\\]/g, '\\$&').replaceAll('%', '.*');
      const expression = new RegExp(`^${source.replaceAll('_', '.').replaceAll('*', '.*')}$`, 's');
      return (key) => expression.test(key);
    }),
    'deletes by a pattern: literal characters of query languages',
  ),
  broken(
    'deletes everything, whatever the pattern',
    patternsBy(() => () => true),
    'deletes by a pattern: nothing',
    'deletes by a pattern: * for any run of characters',
  ),
  broken(
    'deletes the first page of matches',
    memoryWith((inner) => {
      const keys: string[] = [];
      return {
        async set(key, value, ttl) {
          keys.push(key);
          await inner.set(key, value, ttl);
        },
        async delByPattern(pattern) {
          const page = keys.filter(globMatcher(pattern)).slice(0, 100);
          await inner.delMany(page);
          return page.length;
        },
      };
    }),
    'deletes many keys by a pattern',
    'does not count deleted keys',
    'does not count expired keys',
  ),
  broken(
    'deletes by a pattern for ever',
    memoryWith((inner) => {
      const gone = new Set<string>();
      return {
        get: async <T>(key: string) => (gone.has(key) ? undefined : inner.get<T>(key)),
        async delByPattern(pattern) {
          gone.add(pattern.replace('*', ''));
          return inner.delByPattern(pattern);
        },
      };
    }),
    'accepts new values after a deletion by a pattern',
  ),
  broken(
    'passes over large values',
    memoryWith((inner) => {
      const large = new Set<string>();
      return {
        async set(key, value, ttl) {
          if (JSON.stringify(value).length > 100_000) large.add(key);
          await inner.set(key, value, ttl);
        },
        delByPattern: async (pattern) => (large.size > 4 ? 0 : inner.delByPattern(pattern)),
      };
    }),
    'deletes large values by a pattern',
  ),
  ...[
    { start: '*', caughtBy: 'deletes by a pattern that begins with a wildcard' },
    { start: '?', caughtBy: 'deletes by a pattern that begins with a wildcard' },
    { start: '#*', caughtBy: BESIDE_RECORDS },
    { start: '\\#', caughtBy: BESIDE_RECORDS },
  ].map(({ start, caughtBy }) =>
    broken(
      `finds nothing by a pattern that begins with ${start}`,
      patternsBy((pattern) => (pattern.startsWith(start) ? () => false : globMatcher(pattern))),
      caughtBy,
    ),
  ),
  ...['*', '?'].map((start) =>
    broken(
      `finds keys with a # by a pattern that begins with ${start}`,
      patternsBy((pattern) => (pattern.startsWith(start) ? asRegExp : globMatcher)(pattern)),
      BESIDE_RECORDS,
    ),
  ),
];
