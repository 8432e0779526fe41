import { isPlainObject } from '../util/deep-freeze.js';
import { CacheError } from './errors.js';

/** The tags of built-in objects whose content no serializer can read. */
const OPAQUE =
  /^\[object (Response|Request|Blob|File|\w+Stream|(Async)?Generator|.+ Iterator|Promise|Weak(Map|Set|Ref))\]$/;

/**
 * Rejects values that no serializer can write. Many serializers would silently write nothing or `{}` for them.
 *
 * @throws CacheError `UNSERIALIZABLE`.
 */
export function checkStorable(key: string, value: unknown): void {
  const why = obstacle(value);
  if (why === undefined) return;
  const message = `The value of "${key}" is ${why}: cache plain data, and null for "there is none".`;
  throw new CacheError('UNSERIALIZABLE', message, { subject: key });
}

function obstacle(value: unknown): string | undefined {
  if (typeof value === 'object' && value !== null) {
    const name = opaqueName(value);
    if (name) return `an instance of ${name}`;
    return writesNothing(value) ? 'an object whose toJSON returns undefined' : undefined;
  }
  const hasNoForm = value === undefined || typeof value === 'function' || typeof value === 'symbol';
  if (!hasNoForm) return undefined;
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

/** The name of a built-in object that no serializer can read. Empty for anything else. */
function opaqueName(value: object): string {
  try {
    // A plain object may have any tag, so most values need no comparison of tags.
    if (isPlainObject(value)) return '';
    const tag = Object.prototype.toString.call(value);
    return OPAQUE.test(tag) ? tag.slice(8, -1) : '';
  } catch {
    return '';
  }
}

/** False for an object that throws, because the serializer reports that. */
function writesNothing(value: object): boolean {
  try {
    const { toJSON }: { toJSON?: unknown } = value;
    return typeof toJSON === 'function' && toJSON.call(value, '') === undefined;
  } catch {
    return false;
  }
}
