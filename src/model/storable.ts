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
    const [tag, isTagged] = nameOf(value);
    if (isTagged) return `a ${tag}`;
    return writesNothing(value) ? 'an object whose toJSON returns undefined' : undefined;
  }
  const hasNoForm = value === undefined || typeof value === 'function' || typeof value === 'symbol';
  return hasNoForm ? typeof value : undefined;
}

function nameOf(value: object): readonly [name: string, isOpaque: boolean] {
  try {
    const tag = Object.prototype.toString.call(value);
    // A plain object may have any tag.
    return [tag.slice(8, -1), OPAQUE.test(tag) && !isPlainObject(value)];
  } catch {
    return ['', false];
  }
}

/** False for an object that throws, because the serializer reports that. */
function writesNothing(value: object): boolean {
  try {
    const { toJSON } = value as { toJSON?: unknown };
    return typeof toJSON === 'function' && toJSON.call(value, '') === undefined;
  } catch {
    return false;
  }
}
