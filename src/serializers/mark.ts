import { asBuffer, MAGIC } from './frame.js';
import type { Raw, Serializer } from './serializer.js';

/** The serializers of this package. No other one's text begins like theirs, and they wrap nothing. */
const SELF_MARKING: readonly string[] = ['json', 'structured'];
/** Serializers around another one. They mark what they write, too. */
const WRAPPING = /^(compressed|encrypted)\(/;

/** Puts the name of a serializer in front of its output, and takes it off. */
export interface Mark {
  add(raw: Raw): Raw;
  /** Undefined for the output of another serializer. */
  remove(raw: Raw): Raw | undefined;
}

/**
 * The mark of a serializer that is not one of this package. Without it, the text of one could be read by the next as
 * another value: that of superjson and of devalue is JSON. No JSON begins with a tilde, and no UTF-8 with the magic byte.
 *
 *     ~ the name as JSON │ text            magic byte │ the name as JSON │ bytes
 */
export function markOf(serializer: Serializer): Mark | undefined {
  let marked = serializer;
  while (marked.inner && WRAPPING.test(marked.name)) marked = marked.inner;
  if (SELF_MARKING.includes(marked.name)) return undefined;
  const text = `~${JSON.stringify(marked.name)}`;
  const bytes = Buffer.from(text);
  bytes[0] = MAGIC;
  return {
    add: (raw) => (typeof raw === 'string' ? text + raw : Buffer.concat([bytes, asBuffer(raw)])),
    remove(raw) {
      if (typeof raw === 'string') return raw.startsWith(text) ? raw.slice(text.length) : undefined;
      const all = asBuffer(raw);
      const isOurs = bytes.equals(all.subarray(0, bytes.length));
      return isOurs ? all.subarray(bytes.length) : undefined;
    },
  };
}
