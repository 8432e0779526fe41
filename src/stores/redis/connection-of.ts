import { CacheError } from '../../model/errors.js';
import { systemClock } from '../../model/time.js';
import { type Connection, GivenConnection } from './connection.js';
import { LONGEST_IAM_MS, withIam } from './iam.js';
import { adaptNodeRedis, isNodeRedis } from './node-redis/adapter.js';
import { type ClientSettings, clientSettingsOf, type RedisCacheStoreOptions } from './options.js';
import type { ClusterAddress } from './own-cluster.js';
import { OwnConnection } from './own-connection.js';

/** Options that describe a client of our own. */
const OF_OUR_OWN = ['url', 'nodes', 'cluster', 'iam', 'options'] as const;

/**
 * The connection that the options describe. `unused`: a key that never exists.
 *
 * @throws CacheError `INVALID_OPTION`. Its message omits the values, which may be secrets.
 */
export function connectionOf(described: RedisCacheStoreOptions, unused: string): Connection {
  const { url, nodes, cluster, client } = described;
  if (client !== undefined) return givenConnection(described, unused);
  if (url !== undefined && nodes !== undefined)
    throw wrong('Both url and nodes are given: remove one of them.');
  if (nodes === undefined && url === undefined)
    throw wrong('Neither url, nodes nor client is given: give one of them.');
  if (nodes !== undefined && cluster === false)
    throw wrong(
      'nodes are of a Cluster, and cluster is false: give url instead, or remove cluster.',
      'cluster',
    );
  if (nodes !== undefined || cluster) return clusterConnection(described, nodes ?? [url], unused);
  const settings = withLogin(clientSettingsOf(url, described.options), described);
  return new OwnConnection({ settings, longestMs: longestMs(described) }, unused, systemClock);
}

function givenConnection(described: RedisCacheStoreOptions, unused: string): Connection {
  const { client } = described;
  const also = OF_OUR_OWN.filter((option) => described[option] !== undefined);
  if (also.includes('url')) throw wrong('Both url and client are given: remove one of them.');
  if (also.length > 0)
    throw wrong(`${also.join(', ')}: for the client of a url: make your own client with them.`);
  const given = isNodeRedis(client) ? adaptNodeRedis(client, unused) : client;
  // `GivenConnection` checks it.
  return new GivenConnection(given as never, unused, systemClock, Object(client));
}

function clusterConnection(
  described: RedisCacheStoreOptions,
  urls: readonly unknown[],
  unused: string,
): Connection {
  if (!Array.isArray(urls) || urls.length === 0)
    throw wrong('nodes is not a list of URLs: give one at least.', 'nodes');
  const all = urls.map((url) => clientSettingsOf(url, described.options));
  const nodes: ClusterAddress[] = [];
  for (const { host, port, path, db, sentinels } of all) {
    if (path !== undefined || sentinels !== undefined || typeof host !== 'string')
      throw wrong(
        'A Cluster is reached by hosts and ports: give no socket and no Sentinels.',
        'cluster',
      );
    if (Number(db ?? 0) !== 0)
      throw wrong('A Cluster has database 0 only: remove the other number.', 'cluster');
    nodes.push({ host, port: Number(port) });
  }
  const [first = {}, ...others] = all.map(withoutAddress);
  for (const other of others)
    if (JSON.stringify(other) !== JSON.stringify(first))
      throw wrong(
        'nodes differ in more than host and port: give each of them one scheme, user and password.',
        'nodes',
      );
  const settings = withLogin(first, described);
  return new OwnConnection(
    { settings, nodes, longestMs: longestMs(described) },
    unused,
    systemClock,
  );
}

function withoutAddress({ host, port, db, ...others }: ClientSettings): ClientSettings {
  return others;
}

const withLogin = (settings: ClientSettings, { iam }: RedisCacheStoreOptions): ClientSettings =>
  iam === undefined ? settings : withIam(settings, iam);

const longestMs = ({ iam }: RedisCacheStoreOptions): number =>
  iam === undefined ? Number.POSITIVE_INFINITY : LONGEST_IAM_MS;

const wrong = (message: string, subject = 'url'): CacheError =>
  new CacheError('INVALID_OPTION', message, { subject });
