import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { runtimes } from '../emulator/runtimes.js';
import type { ManagedAnswer, ManagedEvent } from '../functions/managed.js';
import { describeOnLambda } from '../suite.js';
import { World } from './world.js';

/** AWS's default limit for a processor. */
const CONCURRENCY = 64;
const WORKERS = 2;

describeOnLambda(
  'A Managed Instance',
  (runtime) => {
    let world: World;

    beforeAll(async () => {
      world = await World.start(['managed']);
    });
    afterEach(() => world.reset());
    afterAll(() => world.stop());

    it('keeps 64 requests at once apart, whatever becomes of the loads of some', async () => {
      const lambda = world.start(runtime, 'managed', {
        managed: { concurrency: CONCURRENCY, workers: WORKERS },
        timeoutMs: 60_000,
      });
      world.origin.value = 'value';
      const release = world.origin.hold();
      const round = randomUUID();
      // In each group of eight: four keys that end well, one of them with a caller who goes away; one that fails; one hangs.
      const events = Array.from({ length: CONCURRENCY / 8 }, (_, group): ManagedEvent[] => [
        { key: `${round} shared ${group}`, load: 'value' },
        { key: `${round} shared ${group}`, load: 'value' },
        { key: `${round} left ${group}`, load: 'value' },
        { key: `${round} left ${group}`, load: 'abort' },
        { key: `${round} alone ${group}`, load: 'value' },
        { key: `${round} gone ${group}`, load: 'abort' },
        { key: `${round} failing ${group}`, load: 'fail' },
        { key: `${round} hanging ${group}`, load: 'hang' },
      ]).flat();
      const sent = events.map((event) => ({ event, answered: lambda.invoke(event).answered }));

      const check = async ({ event, answered }: (typeof sent)[number]): Promise<number> => {
        const { body, error } = await answered;
        expect(error).toBeUndefined();
        const { thread, ...answer }: ManagedAnswer = JSON.parse(body.toString());
        const { key } = event;
        const outcome = event.load === 'value' ? `value of ${key}` : OUTCOMES[event.load];
        expect(answer).toEqual({ key, outcome, context: key, mode: 'detached', strays: [] });
        return thread;
      };
      // These end while every load that has a value is still held up.
      await Promise.all(sent.filter(({ event }) => event.load !== 'value').map(check));
      release();
      const threads = await Promise.all(sent.map(check));

      expect(new Set(threads).size).toBe(WORKERS);
      expect(lambda.registrations).toEqual([]);
      expect(lambda.lines.filter((line) => line.includes('WARN'))).toEqual([]);
    });
  },
  runtimes.filter(({ client }) => client === 4),
);

/** The outcomes of requests whose load gives no value. */
const OUTCOMES = { abort: 'the client has gone', fail: 'the origin is down', hang: 'TIMEOUT' };
