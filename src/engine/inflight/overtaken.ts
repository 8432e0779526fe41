import { tagsAmong } from '../../model/dependency.js';
import type { Snapshot } from '../../model/snapshot.js';
import type { InFlightRead, Strength } from './in-flight-read.js';

/** The tags of the stored entry. */
export const tagsIn = ({ entry }: Snapshot): string[] => tagsAmong(entry?.versions ?? []);

/** The result of a read after its watch. Most reads end without an invalidation by this process. */
export const asWatched = (read: Snapshot, watch: InFlightRead): Snapshot =>
  watch.isOvertaken ? overtaken(read, watch.invalidatedBy(tagsIn(read))) : read;

/** The snapshot of a key that this process has invalidated during the read. After a soft invalidation it is stale. */
export function overtaken(read: Snapshot, by: Strength | undefined): Snapshot {
  if (by === 'hard') return { ...read, entry: undefined, state: 'none', reason: 'invalidated' };
  return by === 'soft' && read.state === 'fresh' ? { ...read, state: 'stale' } : read;
}
