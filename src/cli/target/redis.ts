import { withoutPasswords } from '../../model/errors.js';
import type { Place } from '../options.js';

export async function openRedis({ redis = '', storePrefix }: Place) {
  const { RedisCacheStore, inspectRedis } = await import('../library.js');
  const options = { url: redis, prefix: storePrefix };
  return {
    store: new RedisCacheStore(options),
    inspection: inspectRedis(options),
    title: `server ${withoutPasswords(redis)} below "${storePrefix ?? 'cache'}:"`,
  };
}
