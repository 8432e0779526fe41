import type { RedisClient } from './client.js';
import { END_BYTES, HEADER_BYTES, TOKEN, UNKNOWN_VERSION, VERSION_BYTES } from './record.js';

/** Lua for the text before the value of a record, from a `kind` and an `ends` of 15 digits. */
const HEADER = "kind .. ARGV[1] .. time[1] .. string.format('%06d', time[2]) .. ends .. '\\n'";

/** The record; where there is none, a token that is left in its place. ARGV: a fresh id, the token's life (ms). */
const readScript = () => `
local record = redis.call('GET', KEYS[1])
if record then return record end
local time = redis.call('TIME')
local kind, ends = '${TOKEN}', '${'0'.repeat(END_BYTES)}'
local token = ${HEADER}
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token`;

/**
 * Writes a value, and gives 1 when it did. ARGV: a fresh id, the value's life (ms), its kind, the value, and when:
 * 'set' always, 'add' where there is no value, else where the record still has this version. A record with our own id
 * is what an earlier copy of this command wrote.
 */
const writeScript = () => `
local when = ARGV[5]
if when ~= 'set' then
  local header = redis.call('GETRANGE', KEYS[1], 0, ${HEADER_BYTES - 1})
  if string.sub(header, 2, 37) == ARGV[1] then return 1 end
  local ours = string.byte(header, ${HEADER_BYTES}) == 10
  if when == 'add' then
    if header ~= '' and not (ours and string.sub(header, 1, 1) == '${TOKEN}') then return 0 end
  else
    local version = ours and string.sub(header, 2, ${1 + VERSION_BYTES}) or '${UNKNOWN_VERSION}'
    if header == '' or version ~= when then return 0 end
  end
end
local time = redis.call('TIME')
local kind = ARGV[3]
local ends = string.format('%0${END_BYTES}.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
redis.call('SET', KEYS[1], ${HEADER} .. ARGV[4], 'PX', ARGV[2])
return 1`;

/** A client with the scripts as methods: each is atomic, touches one key, and takes one round trip. */
export interface ScriptedClient extends RedisClient {
  glassworkCacheReadBuffer(key: string, id: string, tokenMs: number): Promise<Uint8Array>;
  glassworkCacheWrite(
    key: string,
    id: string,
    ttlMs: number,
    kind: string,
    value: string | Uint8Array,
    when: string,
  ): Promise<unknown>;
}

/** Adds the scripts to a client: the methods stay on it, and several stores share them. */
export function withScripts(client: RedisClient): ScriptedClient {
  client.defineCommand('glassworkCacheRead', { lua: readScript(), numberOfKeys: 1 });
  client.defineCommand('glassworkCacheWrite', { lua: writeScript(), numberOfKeys: 1 });
  return client as ScriptedClient;
}
