import { CacheError } from '../../model/errors.js';
import { systemClock } from '../../model/time.js';
import { type Connection, GivenConnection } from './connection.js';
import { adaptNodeRedis, isNodeRedis } from './node-redis/adapter.js';
import { clientSettingsOf, type RedisCacheStoreOptions } from './options.js';
import { OwnConnection } from './own-connection.js';

/**
 * The connection that the options describe. `unused`: a key that never exists.
 *
 * @throws CacheError `INVALID_OPTION`. Its message omits the values, which may be secrets.
 */
export function connectionOf(described: RedisCacheStoreOptions, unused: string): Connection {
  const { url, client, options } = described;
  if (client === undefined) {
    if (url === undefined) throw wrong('Neither url nor client is given: give one of them.');
    return new OwnConnection(clientSettingsOf(url, options), unused, systemClock);
  }
  if (url !== undefined) throw wrong('Both url and client are given: remove one of them.');
  if (options !== undefined)
    throw wrong('options are for the client of a url: make your own client with them.');
  const given = isNodeRedis(client) ? adaptNodeRedis(client, unused) : client;
  return new GivenConnection(given, unused, systemClock);
}

const wrong = (message: string): CacheError =>
  new CacheError('INVALID_OPTION', message, { subject: 'url' });
