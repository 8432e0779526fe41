import { type RedisClient, requireMembers } from '../client.js';
import type { NodeRedisSentinel } from './client-types.js';
import { commandsOver, scanWith } from './commands.js';
import { outboxOf } from './outbox.js';
import { closeEvents, itself } from './server.js';
import { sentinelSubscriber } from './subscribers.js';

/**
 * A Sentinel client sends a command again if its master has been replaced. An answer by the new master does not prove
 * that the old one answered the read before it, so the proof (see `MasterProof`) fails if the master changes meanwhile.
 */
export function sentinelAdapter(client: NodeRedisSentinel, unused: string): RedisClient {
  requireMembers(client, ['subscribe', 'unsubscribe']);
  const send = outboxOf(client, itself(client), (_, args, options) =>
    client.sendCommand(false, args, options),
  );
  const commands = commandsOver(send);
  return {
    ...commands,
    ...closeEvents(client),
    async unlink(key) {
      if (key !== unused) return commands.unlink(key);
      let isReplaced = false;
      const onChange = () => {
        isReplaced = true;
      };
      client.on('topology-change', onChange);
      try {
        const deleted = await commands.unlink(key);
        if (isReplaced) throw new Error('READONLY The Sentinels have named another master');
        return deleted;
      } finally {
        client.off('topology-change', onChange);
      }
    },
    scanBuffer: (cursor, _, pattern, __, keys) => scanWith(send, cursor, pattern, keys),
    duplicate: () => sentinelSubscriber(client),
  };
}
