import { type CacheVersion, NO_TOKEN } from '../../model/cache-store.js';
import type { Kind } from './client.js';
import { noTokenError } from './error.js';
import { HEADER_BYTES, TOKEN, UNKNOWN_VERSION, VERSION_BYTES } from './record.js';

/*
 * The life of a key, and when a write may take place:
 *
 *     nothing ──read──▶ token t1 ──fill with t1──▶ value v2 ──set──▶ value v3 ──del──▶ nothing ──read──▶ token t4
 *
 *     set                     always
 *     add                     at nothing and at a token, because neither holds a value
 *     fill with version t1    at t1 only: after `del` the token is gone, after a fill or `set` the version is another
 *     a copy of itself        never, but it reports success: the client resent the command after a lost reply
 *
 * The clauses, in Lua, of `header` (the beginning of the record, or '') and `when` ('set', 'add' or a version):
 */
export const IS_SET = "when == 'set'";
export const IS_ADD = "when == 'add'";
export const IS_COPY_OF_ITSELF = 'string.sub(header, 2, 37) == ARGV[1]';
export const IS_NOTHING = "header == ''";
/** True if a line feed ends the header. Another program's value has none there. */
const IS_OURS = `string.byte(header, ${HEADER_BYTES}) == 10`;
export const IS_TOKEN = `${IS_OURS} and string.sub(header, 1, 1) == '${TOKEN}'`;
export const VERSION = `${IS_OURS} and string.sub(header, 2, ${1 + VERSION_BYTES}) or '${UNKNOWN_VERSION}'`;

/** A condition of a write, and how it is sent. */
export interface When {
  /** For messages. */
  readonly operation: string;
  /** `set`: always; `add`: if there is no value; else the version that the record must have. */
  readonly condition: string;
  readonly sending: Kind;
}

/** Never resent once bytes have left, because a late second copy would undo a later write. */
export const ALWAYS: When = { operation: 'set', condition: 'set', sending: 'once' };

/** Holds while the key has no live value. */
export const NOTHING_LIVE: When = { operation: 'add', condition: 'add', sending: 'once' };

/** Holds as long as the record has the version that a read saw. @throws CacheError for a read that left no token. */
export function unchanged(version: CacheVersion, key: string, place: string): When {
  if (version === NO_TOKEN) throw noTokenError(key, place);
  return { operation: 'fill', condition: version, sending: 'write' };
}
