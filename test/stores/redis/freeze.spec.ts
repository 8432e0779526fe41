import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CacheService, RedisCacheStore } from '@glasswork/cache';
import { describe, expect, it, type TestContext } from 'vitest';
import { describeWithRedis } from '../../servers/redis-available.js';
import { RedisProcess } from '../../servers/redis-process.js';
import type { Answer, Order } from './frozen-process.js';
import { within } from './traffic.js';

/** For the worst of machines: what a test waits for has limits of its own. */
/** Longer than any time budget of a read. */
const FREEZE_MS = 4_000;

type Given<T> = T extends Order ? Omit<T, 'id'> : never;

/** Another process, frozen and resumed as Lambda does it. */
class Frozen {
  readonly #child: ChildProcess;
  #orders = 0;

  constructor(url: string, way: string) {
    const file = fileURLToPath(new URL('frozen-process.ts', import.meta.url));
    this.#child = fork(file, [url, way], { execArgv: ['--import', 'tsx'] });
  }

  async ask(order: Given<Order>): Promise<Answer> {
    const id = this.#orders++;
    this.#child.send({ ...order, id });
    for (;;) {
      const [answer] = (await once(this.#child, 'message')) as [Answer];
      if (answer.id === id) return answer;
    }
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

async function start(way: string, { onTestFinished }: TestContext) {
  const server = await RedisProcess.start();
  onTestFinished(() => server.stop());
  const frozen = new Frozen(server.url, way);
  onTestFinished(() => frozen.stop());
  const store = new RedisCacheStore({ url: server.url });
  onTestFinished(() => store.close());
  const here = new CacheService(store, { versionTTL: 0 });
  await frozen.ask({ type: 'wrap', key: 'a', value: 'a1' });
  return { server, frozen, here };
}

describeWithRedis('a process that was frozen', () => {
  const WAYS = ['a url', 'a url and a commandTimeout', 'a client'];
  describe.concurrent.each(WAYS)('with %s', (way) => {
    it('goes on with what it had', async (context) => {
      const { frozen } = await start(way, context);
      frozen.freeze();
      await delay(FREEZE_MS);
      frozen.resume();
      const { value, events } = await frozen.ask({ type: 'wrap', key: 'a', value: 'a2' });
      expect({ value, events }).toEqual({ value: 'a1', events: ['hit fresh'] });
    });

    it('opens what the server has closed meanwhile', async (context) => {
      const { server, frozen } = await start(way, context);
      frozen.freeze();
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await delay(FREEZE_MS);
      frozen.resume();
      const { value, events } = await frozen.ask({ type: 'wrap', key: 'a', value: 'a2' });
      expect({ value, events }).toEqual({ value: 'a1', events: ['hit fresh'] });
    });

    it('takes the answer that came while it slept', async (context) => {
      const { server, frozen } = await start(way, context);
      server.pause();
      const asked = frozen.ask({ type: 'wrap', key: 'a', value: 'a2' });
      // Until it has sent its command.
      await delay(300);
      frozen.freeze();
      server.resume();
      await delay(FREEZE_MS);
      frozen.resume();
      const { value, events } = await asked;
      expect({ value, events }).toEqual({ value: 'a1', events: ['hit fresh'] });
    });

    it('asks again for an answer that was lost while it slept', async (context) => {
      const { server, frozen } = await start(way, context);
      server.pause();
      const asked = frozen.ask({ type: 'wrap', key: 'a', value: 'a2' });
      await delay(300);
      frozen.freeze();
      await server.kill();
      await delay(FREEZE_MS);
      await server.start();
      frozen.resume();
      const { value, events } = await within(5_000, 'wrap', asked);
      expect({ value, events }).toEqual({
        value: 'a2',
        events: ['miss absent', 'load', 'fill'],
      });
    });

    it.for(['alive', 'closed'])(
      'fills nothing that was invalidated meanwhile (%s)',
      async (connection, context) => {
        const { server, frozen, here } = await start(way, context);
        await frozen.ask({ type: 'begin', key: 'b', value: 'b1' });
        frozen.freeze();
        await here.del('b');
        if (connection === 'closed') await server.call('CLIENT', 'KILL', 'TYPE', 'normal');
        await delay(FREEZE_MS);
        frozen.resume();
        const { value, events } = await frozen.ask({ type: 'end' });
        expect({ value, events }).toEqual({ value: 'b1', events: ['load', 'refused changed'] });
        expect(await here.get('b')).toBeUndefined();
        const again = await frozen.ask({ type: 'wrap', key: 'b', value: 'b2' });
        expect(again.value).toBe('b2');
      },
    );
  });
});
