import type { StoredRecord } from '../stores/stored-record.js';
import type { Explanation } from './explain.js';
import { isoTime } from './format.js';

/** An entry without its value, for people and programs. */
export function entryJSON(
  key: string,
  { verdict, why, entry, dependencies }: Explanation,
  record: StoredRecord | undefined,
) {
  const times = entry && {
    createdAt: isoTime(entry.createdAt),
    staleAt: entry.staleAt === undefined ? null : isoTime(entry.staleAt),
    expiresAt: isoTime(entry.expiresAt),
    loadMs: entry.loadMs,
    tags: entry.versions.flatMap(([name]) => name ?? []),
  };
  const withoutRaw = record && { ...record, raw: undefined };
  return { key, verdict, why, dependencies, ...times, record: withoutRaw };
}

/** The value as JSON if it is, else as text, else as base64. */
export function decoded(
  raw: string | Uint8Array,
): { value: unknown } | { text: string } | { base64: string } {
  if (typeof raw !== 'string') return { base64: Buffer.from(raw).toString('base64') };
  try {
    return { value: JSON.parse(raw) };
  } catch {
    return { text: raw };
  }
}

/** The value as text of several lines. Its characters are not made harmless for a terminal. */
export function valueText(raw: string | Uint8Array): string {
  const value = decoded(raw);
  if ('value' in value) return JSON.stringify(value.value, null, 2);
  return 'text' in value ? value.text : value.base64;
}
