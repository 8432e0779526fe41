import { type RedisClient, requireMembers } from './client.js';
import { IS_ADD, IS_COPY_OF_ITSELF, IS_NOTHING, IS_SET, IS_TOKEN, VERSION } from './conditions.js';
import { END_BYTES, HEADER_BYTES, TOKEN } from './record.js';

/** Lua for the header of a record, from a `kind` and an `ends` of 15 digits. */
const HEADER = "kind .. ARGV[1] .. time[1] .. string.format('%06d', time[2]) .. ends .. '\\n'";

/**
 * Returns the record; without one, a token that the script leaves in its place; without memory for the token, ''. ARGV:
 * a fresh id, the token's life (ms).
 */
const readScript = () => `
local record = redis.call('GET', KEYS[1])
if record then return record end
local time = redis.call('TIME')
local kind, ends = '${TOKEN}', '${'0'.repeat(END_BYTES)}'
local token = ${HEADER}
local left = redis.pcall('SET', KEYS[1], token, 'PX', ARGV[2])
if not left.err then return token end
if string.find(left.err, 'OOM ', 1, true) then return '' end
return left`;

/**
 * Writes a value. `conditions.ts` has the clauses. Returns 1 if written, else 0. ARGV: a fresh id, the value's life (ms), its kind, the value, and the
 * condition: 'set', 'add' or the version that the record must still have.
 */
const writeScript = () => `
local when = ARGV[5]
if not (${IS_SET}) then
  local header = redis.call('GETRANGE', KEYS[1], 0, ${HEADER_BYTES - 1})
  if ${IS_COPY_OF_ITSELF} then return 1 end
  if ${IS_ADD} then
    if not (${IS_TOKEN} or ${IS_NOTHING}) then return 0 end
  else
    local version = ${VERSION}
    if ${IS_NOTHING} or version ~= when then return 0 end
  end
end
local time = redis.call('TIME')
local kind = ARGV[3]
local ends = string.format('%0${END_BYTES}.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
redis.call('SET', KEYS[1], ${HEADER} .. ARGV[4], 'PX', ARGV[2])
return 1`;

/** The scripts as methods: each is atomic, touches one key, and takes one round trip. */
interface Scripts {
  glassworkCacheReadBuffer(key: string, id: string, tokenMs: number): Promise<Uint8Array>;
  /** One by one, as `defineCommand` takes the arguments of a script. */
  glassworkCacheWrite(
    key: string,
    id: string,
    ttlMs: number,
    kind: string,
    value: string | Uint8Array,
    when: string,
  ): Promise<unknown>;
}

export type ScriptedClient = RedisClient & Scripts;

/**
 * Adds the scripts to a client as methods. They stay on it, and several stores share them.
 *
 * @throws CacheError `INVALID_OPTION` if `defineCommand` has not added them.
 */
export function withScripts<C extends RedisClient>(client: C): C & Scripts {
  client.defineCommand('glassworkCacheRead', { lua: readScript(), numberOfKeys: 1 });
  client.defineCommand('glassworkCacheWrite', { lua: writeScript(), numberOfKeys: 1 });
  requireMembers(client, ['glassworkCacheReadBuffer', 'glassworkCacheWrite']);
  // Checked above.
  return client as C & Scripts;
}
