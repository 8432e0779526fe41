import { posix } from 'node:path';
import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** Every key goes through `map` on its way into the store. */
const keysThrough = (map: (key: string) => string) =>
  memoryWith((inner) => ({
    get: (key) => inner.get(map(key)),
    set: (key, value, ttl) => inner.set(map(key), value, ttl),
    del: (key) => inner.del(map(key)),
    has: (key) => inner.has(map(key)),
    getMany: (keys) => inner.getMany(keys.map(map)),
    setMany: (entries) => inner.setMany(entries.map((one) => ({ ...one, key: map(one.key) }))),
    delMany: (keys) => inner.delMany(keys.map(map)),
    add: (key, value, ttl) => inner.add(map(key), value, ttl),
    getVersioned: (key) => inner.getVersioned(map(key)),
    setIfUnchanged: (key, value, ttl, version) =>
      inner.setIfUnchanged(map(key), value, ttl, version),
  }));

export const keys: readonly BrokenStore[] = [
  broken(
    'folds the case of keys',
    keysThrough((key) => key.toLowerCase()),
    'separates keys that differ in case',
  ),
  broken(
    'trims keys',
    keysThrough((key) => key.trim()),
    'separates keys that differ in spaces',
  ),
  broken(
    'normalises keys',
    keysThrough((key) => key.normalize()),
    'separates keys that differ in accents as one character or two',
  ),
  broken(
    'cuts long keys off',
    keysThrough((key) => key.slice(0, 2_048)),
    'separates keys that differ in the part after 10,000 equal characters',
    'separates keys that differ in one more character',
    'separates keys that differ in one more character of four bytes',
  ),
  broken(
    'keeps only the ends of long keys',
    keysThrough((key) => key.slice(-2_048)),
    'separates keys that differ in the part before 10,000 equal characters',
  ),
  broken(
    'writes keys as UTF-8',
    keysThrough((key) => key.toWellFormed()),
    'separates keys that differ in half a character',
    'deletes by a pattern: a literal half of a surrogate pair',
  ),
  broken(
    'ends keys at a null character, as C does',
    keysThrough((key) => key.split('\0')[0] ?? ''),
    'separates keys that differ in control characters',
    'separates keys that differ in their last characters',
  ),
  broken(
    'resolves keys as paths',
    keysThrough((key) => posix.normalize(key)),
    'separates keys that differ in paths',
  ),
  broken(
    'decodes keys as parts of URLs',
    keysThrough((key) => key.replace(/%2F/gi, '/').replace(/%20|\+/g, ' ')),
    'separates keys that differ in characters that stores use',
    'separates keys that differ in paths',
  ),
];
