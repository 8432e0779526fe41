import { afterResponse } from '@glasswork/cache/lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ExtensionsServer, startExtensionsServer } from './extensions-server.js';

let server: ExtensionsServer;
let warnings: string[];

beforeEach(async () => {
  server = await startExtensionsServer();
  vi.stubEnv('AWS_LAMBDA_RUNTIME_API', server.api);
  warnings = [];
  vi.spyOn(console, 'warn').mockImplementation((text: string) => warnings.push(text));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

/** A promise, and what settles it. */
function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Lambda's context, as far as it is read. */
const context = (awsRequestId: string, leftMs = 30_000) => ({
  awsRequestId,
  getRemainingTimeInMillis: () => leftMs,
});

/** Some turns of the event loop, in which a request over loopback would have come. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('the extension', () => {
  it('registers for INVOKE and asks for its first event at once', async () => {
    const after = await afterResponse();
    await server.parked();
    expect(after.mode).toBe('extension');
    expect(server.registrations).toEqual([
      { name: 'glasswork-cache', body: { events: ['INVOKE'] } },
    ]);
    expect(warnings).toEqual([]);
  });

  it('answers at once, and asks for the next event when the work is done', async () => {
    const after = await afterResponse();
    const work = deferred();
    const handler = after.handler(async (_event: unknown, _context: object) => {
      after.waitUntil(work.promise);
      return 'answer';
    });
    (await server.parked()).invoke('1');
    expect(await handler({}, context('1'))).toBe('answer');
    await turns();
    expect(server.asked).toBe(1);
    work.resolve();
    await server.parked();
    expect(server.asked).toBe(2);
  });
});
