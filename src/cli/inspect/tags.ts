import type { StoredRecord } from '../../stores/stored-record.js';
import { inParallel } from '../../util/in-parallel.js';
import { entryOf, userKey, userStart } from '../entries.js';
import { explain, type VersionReader, versionReader } from '../explain.js';
import type { Target } from '../target/target.js';
import type { Search } from './steps.js';

const PAGE = 200;
const MOST_REQUESTS = 25;
/** Tags that are kept apart, because there may be one a value. */
const MOST_TAGS = 5_000;
/** Keys that are named of each tag. */
const MOST_KEYS = 100;

interface Tag {
  readonly tag: string;
  /** The values that would be invalidated: those served now, fresh or stale. */
  values: number;
  bytes: number;
  /** The first of them. */
  readonly keys: string[];
}
export interface FoundTags {
  readonly read: number;
  readonly tags: readonly Tag[];
  /** True if there were more tags than are kept. */
  readonly cut: boolean;
}

/** Reads every value for its tags, because a store has no list of the values of a tag. */
export function tagSearch(target: Target): Search<FoundTags> {
  const pages = target.inspection.pages(userStart(target.keys), PAGE);
  const tags = new Map<string, Tag>();
  // Redis may return a key twice.
  const seen = new Set<string>();
  const versions = remembered(versionReader(target));
  let read = 0;
  let cut = false;

  async function add(listed: StoredRecord): Promise<void> {
    const key = userKey(listed.key, target.keys);
    if (key === undefined || listed.kind !== 'value' || seen.has(key)) return;
    seen.add(key);
    // A list of Redis or S3 has no more than the first bytes of a record.
    const record = entryOf(listed) ? listed : await target.inspection.read(listed.key);
    const { verdict, entry } = await explain(target, record, Date.now(), versions);
    if (verdict !== 'fresh' && verdict !== 'stale') return;
    for (const [name] of entry?.versions ?? []) if (name !== null) count(name, key, listed.bytes);
  }
  function count(name: string, key: string, bytes: number): void {
    const known = tags.get(name);
    if (!known && tags.size >= MOST_TAGS) {
      cut = true;
      return;
    }
    const tag = known ?? { tag: name, values: 0, bytes: 0, keys: [] };
    tags.set(name, tag);
    tag.values++;
    tag.bytes += bytes;
    if (tag.keys.length < MOST_KEYS) tag.keys.push(key);
  }

  return {
    async advance() {
      const { value: page, done } = await pages.next();
      if (done) return false;
      await inParallel(page, MOST_REQUESTS, add);
      read += page.length;
      return true;
    },
    // A step takes its time, and shows all that is known so far.
    isFull: () => false,
    take() {
      return { read, tags: [...tags.values()].sort((a, b) => b.values - a.values), cut };
    },
    end: () => pages.return(undefined),
  };
}

/** Each version is read once, so that a search compares all values with the same. */
function remembered(versions: VersionReader): VersionReader {
  const known = new Map<string | null, ReturnType<VersionReader>>();
  return (name) => {
    const found = known.get(name) ?? versions(name);
    known.set(name, found);
    return found;
  };
}
