import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../emulator/invocation.js';
import { describeOnLambda } from '../suite.js';
import { World } from './world.js';

const MINUTE_MS = 60_000;
const get = (id: string) => ({
  pathParameters: { id },
  rawPath: `/${id}`,
  requestContext: { http: { method: 'GET' } },
});

describeOnLambda('The example for Lambda', (runtime) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(['handler', 'stream'], ['esm'], 'examples/lambda');
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  const bodies = {
    handler: ({ body }: Answer) => JSON.parse(JSON.parse(body.toString()).body),
    stream: ({ body }: Answer) => JSON.parse(body.toString()),
  };

  it.each(['handler', 'stream'] as const)(
    'serves a stale item and refreshes it: %s',
    async (name) => {
      const lambda = world.start(runtime, name, {
        withClock: true,
        env: { CACHE_TABLE: world.tableName, AWS_ENDPOINT_URL_DYNAMODB: world.proxy.endpoint },
      });
      const read = async () => {
        const { answered, ended } = lambda.invoke(get(name));
        const answer = await answered;
        expect(answer.error).toBeUndefined();
        expect((await ended).outcome).toBe('frozen');
        return bodies[name](answer);
      };
      const first = await read();
      expect(first).toMatchObject({ id: name, name: `Item ${name}` });
      expect(await read()).toEqual(first);
      await world.moveClock(2 * MINUTE_MS);
      expect(await read()).toEqual(first);
      const refreshed = await read();
      expect(Date.parse(refreshed.readAt) - Date.parse(first.readAt)).toBeGreaterThan(MINUTE_MS);
      expect(lambda.lines.filter((line) => line.includes('WARN'))).toEqual([]);
    },
  );
});
