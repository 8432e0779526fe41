import { isObject, isPlainObject } from '../util/deep-freeze.js';
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
  if (isObject(value)) {
    const name = opaqueName(value);
    if (name) return `an instance of ${name}`;
    const nothing = writesNothing(value);
    return nothing && `an object whose toJSON returns ${nothing}`;
  }
  return withoutForm(value);
}

/** A name for the value if JSON leaves such values out. */
function withoutForm(value: unknown): string | undefined {
  if (value === undefined) return 'undefined';
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : undefined;
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

/** A name for the result of `toJSON` if JSON leaves it out. The serializer reports an object that throws. */
function writesNothing(value: object): string | undefined {
  try {
    const { toJSON }: { toJSON?: unknown } = value;
    return typeof toJSON === 'function' ? withoutForm(toJSON.call(value, '')) : undefined;
  } catch {
    return undefined;
  }
}
