import { readFileSync } from 'node:fs';
import { RedisCacheStore } from '@glasswork/cache';
import { GlideClient } from '@valkey/valkey-glide';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from '../../../src/model/time.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { describeConformance } from '../conformance.js';
import { overGlide } from './over-glide.js';

describe('the recipe for GLIDE', () => {
  it('is the code that runs here', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    const code = read('./over-glide.ts').trim();
    expect(read('../../../docs/redis.md')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
  });
});

describeWithRedis('Valkey GLIDE', (url) => {
  const { hostname: host, port } = new URL(url);
  let glide: GlideClient;
  beforeAll(async () => {
    glide = await GlideClient.createClient({ addresses: [{ host, port: Number(port) }] });
  });
  afterAll(() => glide.close());

  const prefix = `glide-${crypto.randomUUID()}`;
  describeConformance(
    'as the client by the recipe',
    () => {
      const open = (options = {}) =>
        new RedisCacheStore({ client: overGlide(glide), prefix, ...options });
      return {
        store: open(),
        another: open(),
        advance: pause,
        withSerializer: (serializer) => open({ serializer }),
      };
    },
    {
      lacks: [
        'the store has no getIfPresent',
        'the store has no getIfPresent, the subject has no exactTime',
        'the subject has no exactTime',
      ],
    },
  );
});
