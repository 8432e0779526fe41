import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { LambdaFunction } from '../emulator/lambda-function.js';
import type { ExternalExtension } from '../emulator/options.js';
import { describeOnLambda } from '../suite.js';
import { commonJS, late, promise } from './events.js';
import { type StartOptions, World } from './world.js';

describeOnLambda('The extension', (runtime) => {
  let world: World;
  let lambda: LambdaFunction;
  let key: string;

  beforeAll(async () => {
    world = await World.start(['promise', 'late'], ['esm']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  function start(name: string, options?: StartOptions): void {
    lambda = world.start(runtime, name, options);
    key = randomUUID();
  }
  const send = (value: string) => {
    world.origin.value = value;
    return lambda.invoke({ key });
  };

  it('registers once while an ES module is loaded, for INVOKE alone', async () => {
    start('promise');
    await send('1').ended;
    await send('2').ended;
    expect(lambda.registrations).toEqual([
      { name: expect.any(String), events: ['INVOKE'], status: 200 },
    ]);
  });

  it('is refused when it comes late; the refresh is awaited then, with one warning', async () => {
    start('late');
    await send('1').ended;
    for (const value of ['2', '3']) {
      const { answered, ended } = send(value);
      expect(late.answer(await answered).mode).toBe('await');
      expect(await world.stored(key)).toBe(value);
      expect((await ended).outcome).toBe('frozen');
    }
    expect(lambda.registrations.map(({ status }) => status)).toEqual([403]);
    expect(lambda.lines.filter((line) => line.includes('WARN'))).toEqual([
      expect.stringMatching(/RegistrationClosed.*at the top level of an ES module/),
    ]);
  });

  it('finishes its work beside another one, which takes longer', async () => {
    const other = new HoldingExtension();
    start('promise', { extensions: [other.start] });
    await send('1').ended;
    const release = other.hold();
    const { answered, ended } = send('2');
    expect(promise.answer(await answered)).toMatchObject({ value: '1', mode: 'extension' });
    // Awake for the other extension, which our own does not wait for.
    await expect.poll(() => world.stored(key)).toBe('2');
    release();
    expect((await ended).outcome).toBe('frozen');
    expect(other.events).toBe(2);
  });

  it('finishes its work beside another one, which is done at once', async () => {
    start('promise', { extensions: [new HoldingExtension().start] });
    for (const value of ['1', '2', '3']) {
      const { ended } = send(value);
      expect((await ended).outcome).toBe('frozen');
      expect(await world.stored(key)).toBe(value);
    }
  });

  it('falls back to waiting where there are too many', async () => {
    const others = Array.from({ length: 10 }, () => new HoldingExtension().start);
    start('promise', { extensions: others });
    await send('1').ended;
    const { answered, ended } = send('2');
    expect(promise.answer(await answered).mode).toBe('await');
    expect(await world.stored(key)).toBe('2');
    await ended;
    expect(lambda.lines.filter((line) => line.includes('WARN'))).toHaveLength(1);
  });

  if (runtime.client === 4) {
    it('registers nothing on Managed Instances, where nothing freezes', async () => {
      start('promise', { managed: { concurrency: 4, workers: 1 } });
      await send('1').ended;
      const release = world.origin.hold();
      const both = [send('2'), send('2')];
      for (const { answered } of both) {
        expect(promise.answer(await answered)).toMatchObject({ value: '1', mode: 'detached' });
      }
      release();
      await expect.poll(() => world.stored(key)).toBe('2');
      expect(lambda.registrations).toEqual([]);
      expect(lambda.lines.filter((line) => line.includes('WARN'))).toEqual([]);
    });
  }
});

describeOnLambda('A CommonJS handler', (runtime) => {
  let world: World;

  beforeAll(async () => {
    world = await World.start(['common-js'], ['cjs']);
  });
  afterEach(() => world.reset());
  afterAll(() => world.stop());

  it('has its refresh before the freeze, whether its registration was in time or not', async () => {
    const lambda = world.start(runtime, 'common-js', { format: 'cjs' });
    const key = randomUUID();
    for (const value of ['1', '2', '3']) {
      world.origin.value = value;
      const { answered, ended } = lambda.invoke({ key });
      const { mode } = commonJS.answer(await answered);
      expect((await ended).outcome).toBe('frozen');
      const [registration] = lambda.registrations;
      expect(mode).toBe(registration?.status === 200 ? 'extension' : 'await');
      expect(await world.stored(key)).toBe(value);
    }
  });
});

/** An extension beside the function, such as one that ships logs: it takes its time after each event. */
class HoldingExtension {
  static #count = 0;
  readonly #name = `holding-${HoldingExtension.#count++}`;
  #gate: Promise<void> = Promise.resolve();
  events = 0;

  hold(): () => void {
    let release = () => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  readonly start: ExternalExtension = async (api) => {
    const answer = await fetch(`${api}/2020-01-01/extension/register`, {
      method: 'POST',
      headers: { 'Lambda-Extension-Name': this.#name },
      body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }),
    });
    await answer.arrayBuffer();
    const id = answer.headers.get('Lambda-Extension-Identifier') ?? '';
    // The end of the sandbox closes the connection.
    this.#work(`${api}/2020-01-01/extension/event/next`, id).catch(() => {});
  };

  async #work(next: string, id: string): Promise<never> {
    for (;;) {
      await (await fetch(next, { headers: { 'Lambda-Extension-Identifier': id } })).arrayBuffer();
      this.events += 1;
      await this.#gate;
    }
  }
}
