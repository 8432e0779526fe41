import { afterTick } from '../../resilience/after-tick.js';
import { type PurgeItems, withinLimit } from './items.js';

/**
 * Collects what is to be purged in one tick, and purges it at once: `send` is called once, and all callers share its
 * outcome. A later caller never joins, because the edge may have refetched an old response since.
 */
export function purgeBatch(
  send: (items: PurgeItems) => Promise<void>,
): (tags: readonly string[], paths: readonly string[]) => Promise<void> {
  let batch: { tags: Map<string, string>; paths: Set<string>; sent: Promise<void> } | undefined;
  const begin = () => {
    const tags = new Map<string, string>();
    const paths = new Set<string>();
    const sent = new Promise<void>((resolve, reject) => {
      afterTick(() => {
        batch = undefined;
        send(withinLimit([...tags.values()], [...paths])).then(resolve, reject);
      });
    });
    return { tags, paths, sent };
  };
  return (tags, paths) => {
    if (tags.length + paths.length === 0) return Promise.resolve();
    batch ??= begin();
    // Once each, without case as the edge has it, because every item is billed.
    for (const tag of tags) batch.tags.set(tag.toLowerCase(), tag);
    for (const path of paths) batch.paths.add(path);
    return batch.sent;
  };
}
