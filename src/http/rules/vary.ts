import { createHash } from 'node:crypto';
import { FIELD_NAME } from '../../util/field-name.js';
import { splitList } from './cache-control.js';

/** A header's name with the value that a request has, or null if it has none. */
export type Selected = readonly (readonly [name: string, value: string | null])[];

/** A response that varies by more headers is hardly ever found again, and is not stored. */
const MOST_NAMES = 16;
/** The most characters of header values that select a variant. A request with more is not stored. */
const LONGEST_VALUES = 4_096;

/** The lower-case names of a Vary field, sorted. Undefined for `*`, an invalid name, or too many names. */
export function varyNames(field: string | null): readonly string[] | undefined {
  const names = new Set(splitList(field ?? '').map((name) => name.toLowerCase()));
  if (names.size > MOST_NAMES || names.has('*')) return undefined;
  const sorted = [...names].sort();
  return sorted.every((name) => FIELD_NAME.test(name)) ? sorted : undefined;
}

/** The values of these headers in a request. Undefined if they are too long to store. */
export function select(headers: Headers, names: readonly string[]): Selected | undefined {
  const selected = names.map((name) => [name, headers.get(name)] as const);
  const length = selected.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0);
  return length > LONGEST_VALUES ? undefined : selected;
}

/** True if the request has the header values that the stored response was selected by. */
export const matches = (headers: Headers, selected: Selected = []): boolean =>
  selected.every(([name, value]) => headers.get(name) === value);

/** Two selections share a text only if they are equal, as JSON quotes every part. */
export const hashOf = (selected: Selected): string =>
  createHash('sha256').update(JSON.stringify(selected)).digest('base64url');
