import { CacheError, errorCode } from '../model/errors.js';
import type { CacheEvent } from '../model/events.js';

export type Fields = Record<string, unknown>;

/** The fields that hold keys, tags, patterns and paths. */
const NAMES = new Set(['key', 'waitingKey', 'tag', 'tags', 'pattern', 'route']);

/** The event without keys, unless they are wanted, and with errors as loggable objects. */
export function fieldsOf(event: CacheEvent, keys: boolean): Fields {
  const fields: Fields = {};
  for (const [name, value] of Object.entries(event)) {
    if (value === undefined || (!keys && NAMES.has(name))) continue;
    fields[name] = name === 'error' ? loggable(value, keys) : value;
  }
  return fields;
}

/** Messages may name keys, and those of foreign errors values. */
function loggable(error: unknown, keys: boolean): unknown {
  if (!keys) return { code: errorCode(error) };
  return error instanceof CacheError
    ? error.toJSON()
    : { code: errorCode(error), message: String(Object(error).message ?? error) };
}
