import { Cluster } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../../src/stores/redis/client.js';
import { RedisCacheStore } from '../../../src/stores/redis/index.js';
import { MasterProof } from '../../../src/stores/redis/master-proof.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { describeWithRedisCluster } from '../../servers/redis-cluster-available.js';

/** The proof uses only the client's UNLINK. */
const clientWith = (unlink: () => Promise<number>) => ({ unlink }) as unknown as RedisClient;

describe('the proof that a master answers', () => {
  it('is due for each client, and again after a second', async () => {
    const clock = createVirtualClock();
    const proof = new MasterProof('unused', clock);
    const [client, other] = [clientWith(async () => 0), clientWith(async () => 0)];
    expect(proof.isDue(client)).toBe(true);
    expect(await proof.read(client, async () => 'value')).toBe('value');
    clock.advance(999);
    expect([proof.isDue(client), proof.isDue(other)]).toEqual([false, true]);
    clock.advance(1);
    expect(proof.isDue(client)).toBe(true);
  });

  it('is due after the clock was set back', async () => {
    const clock = createVirtualClock();
    const proof = new MasterProof('unused', clock);
    const client = clientWith(async () => 0);
    await proof.read(client, async () => 'value');
    clock.advance(-1);
    expect(proof.isDue(client)).toBe(true);
  });

  it('makes a read fail that it fails for, with the error of the read if there is one', async () => {
    const proof = new MasterProof('unused', createVirtualClock());
    const client = clientWith(() => Promise.reject(new Error('READONLY')));
    await expect(proof.read(client, async () => 'value')).rejects.toThrow('READONLY');
    expect(proof.isDue(client)).toBe(true);
    const read = () => Promise.reject(new Error('WRONGTYPE'));
    await expect(proof.read(client, read)).rejects.toThrow('WRONGTYPE');
  });

  it('is shared by the reads that begin while it is on its way, and fails for all of them', async () => {
    const proof = new MasterProof('unused', createVirtualClock());
    const replies: ((reply: number | Promise<never>) => void)[] = [];
    const client = clientWith(() => new Promise((resolve) => replies.push(resolve)));
    const readAll = async (reply: number | Promise<never>) => {
      const begun = replies.length;
      const reads = [1, 2, 3].map((value) => {
        expect(proof.isDue(client)).toBe(true);
        return proof.read(client, async () => value);
      });
      expect(replies).toHaveLength(begun + 1);
      replies[begun]?.(reply);
      const settled = await Promise.allSettled(reads);
      return settled.map((read) => (read.status === 'fulfilled' ? read.value : 'refused'));
    };
    const refused = Promise.reject(new Error('READONLY'));
    expect(await readAll(refused)).toEqual(['refused', 'refused', 'refused']);
    expect(await readAll(0)).toEqual([1, 2, 3]);
    expect(proof.isDue(client)).toBe(false);
  });

  it('is not waited for by the reads of another client', async () => {
    const proof = new MasterProof('unused', createVirtualClock());
    const replies: (() => void)[] = [];
    const silent = clientWith(() => new Promise((resolve) => replies.push(() => resolve(0))));
    const first = proof.read(silent, async () => 'first');
    const client = clientWith(async () => 0);
    expect(await proof.read(client, async () => 'other')).toBe('other');
    replies[0]?.();
    expect(await first).toBe('first');
    expect([proof.isDue(client), proof.isDue(silent)]).toEqual([false, true]);
  });
});

describeWithRedisCluster('on a Cluster, where replicas answer no reads', (addresses) => {
  it('no proof is sent', async () => {
    const client = new Cluster([...addresses]);
    const store = new RedisCacheStore({ client, prefix: crypto.randomUUID() });
    try {
      const sent = vi.spyOn(client, 'sendCommand');
      await store.warm();
      await store.get('key');
      const names = sent.mock.calls.map(([{ name }]) => name);
      expect(names).toContain('get');
      expect(names).not.toContain('unlink');
    } finally {
      client.disconnect();
    }
  });
});
