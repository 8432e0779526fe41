import { type BrokenStore, broken, memoryWith } from './broken-store.js';

/** Answers from a list of its own that it keeps as values are set, and never looks at the store again. */
const fromItsOwnList = memoryWith((inner) => {
  const kept = new Map<string, unknown>();
  return {
    peek: <T>(key: string) => kept.get(key) as T | undefined,
    async set(key, value, ttl) {
      await inner.set(key, value, ttl);
      kept.set(key, structuredClone(value));
    },
    async del(key) {
      await inner.del(key);
      kept.delete(key);
    },
  };
});

export const peek: readonly BrokenStore[] = [
  broken(
    'peeks at a list of its own',
    fromItsOwnList,
    'peeks at nothing whose time is over',
    'gives who peeks a copy',
  ),
  broken(
    'peeks at nothing',
    memoryWith(() => ({ peek: () => undefined })),
    'peeks at what get gives',
  ),
];
