import { EventEmitter } from 'node:events';
import { MemoryCacheStore, RedisCacheStore, type RedisCacheStoreOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { unchanged } from '../../../src/stores/redis/conditions.js';
import { unlinkKeys } from '../../../src/stores/redis/scan.js';

// A stand-in for a client holds records and notes the commands that a store sends.

const ID = 'i'.repeat(36);
const TIME = '1700000000000000';
const END = '999900000060000';

class Client extends EventEmitter {
  readonly records = new Map<string, Buffer>();
  readonly sent: string[] = [];
  isFull = false;
  ping = async () => this.#note('PING', 'PONG');
  getBuffer = async (key: string) => this.#note('GET', this.records.get(key) ?? null);
  getrange = async (key: Buffer | string, start: number, end: number) =>
    this.#note(
      'GETRANGE',
      (this.records.get(String(key)) ?? Buffer.alloc(0)).toString('latin1', start, end + 1),
    );
  unlink = async (key: Buffer | string) =>
    this.#note('UNLINK', Number(this.records.delete(String(key))));
  scanBuffer = async (): Promise<unknown> =>
    this.#note('SCAN', ['0', [...this.records.keys()].map((key) => Buffer.from(key))]);
  glassworkCacheReadBuffer = async (key: string) => {
    const record = this.records.get(key) ?? (this.isFull ? Buffer.alloc(0) : this.#record('t', ''));
    if (record.length > 0) this.records.set(key, record);
    return this.#note('READ', record);
  };
  glassworkCacheWrite = async (
    ...[key, id, , kind, body]: [string, string, number, string, string | Buffer, string]
  ) => {
    this.records.set(key, this.#record(kind, body, id));
    return this.#note('WRITE', 1);
  };

  defineCommand() {}

  #record = (kind: string, body: string | Buffer, id = ID) =>
    Buffer.concat([Buffer.from(`${kind}${id}${TIME}${END}\n`), Buffer.from(body as string)]);

  #note<T>(command: string, answer: T): T {
    this.sent.push(command);
    return answer;
  }
}

function world(options: Partial<RedisCacheStoreOptions> = {}, client = new Client()) {
  const store = new RedisCacheStore({ client: client as never, prefix: 'shop', ...options });
  /** The commands of some work, without the proofs that a master answers. */
  const commands = async (work: () => Promise<unknown>) => {
    client.sent.length = 0;
    await work();
    return client.sent.filter((command) => command !== 'UNLINK').join(' ');
  };
  return { client, store, commands };
}

describe('a Redis store', () => {
  it('reads with GET where it has written or read a value, and leaves a token elsewhere', async () => {
    const { client, store, commands } = world();
    const read = () => store.getVersioned('key');
    expect(await commands(read)).toBe('READ');
    await store.set('key', 'value', 60);
    expect(await commands(read)).toBe('GET');
    // Another process deletes it, and reads.
    client.records.clear();
    await world({}, client).store.getVersioned('key');
    expect(await commands(read)).toBe('GET');
    expect(await commands(read)).toBe('READ');
  });

  it.each([
    ['JSON', undefined],
    ['another serializer', { name: 'own', serialize: String, deserialize: String }],
  ])('learns from a read that there is a value, with %s', async (_, serializer) => {
    const { client, store, commands } = world({ serializer });
    await store.set('key', 'value', 60);
    const other = world({ serializer }, client);
    expect(await other.commands(() => other.store.getVersioned('key'))).toBe('READ');
    expect(await other.commands(() => other.store.getVersioned('key'))).toBe('GET');
    expect(await commands(() => store.getVersioned('key'))).toBe('GET');
  });

  it('reads without GET where a replica may answer', async () => {
    const client = Object.assign(new Client(), {
      options: { scaleReads: 'all' },
      nodes: () => [],
      refreshSlotsCache() {},
    });
    const { store, commands } = world({}, client);
    await store.set('key', 'value', 60);
    expect(await commands(() => store.getVersioned('key'))).toBe('READ');
  });

  it('keeps the values of JSON alone, parsed, for the next reads', async () => {
    const { store } = world();
    await store.set('key', { a: [1] }, 60);
    const parse = vi.spyOn(JSON, 'parse');
    for (let i = 0; i < 5; i++) expect(await store.get('key')).toEqual({ a: [1] });
    expect(parse.mock.calls.length).toBeLessThan(4);
    const own = world({
      serializer: {
        name: 'dates',
        serialize: (value) => String(Number(value)),
        deserialize: (raw) => new Date(Number(String(raw).match(/\d+$/)?.[0])),
      },
    });
    await own.store.set('key', new Date(5), 60);
    for (let i = 0; i < 4; i++) expect(await own.store.get('key')).toBeInstanceOf(Date);
  });

  it('asks the overflow store at each read of a pointer', async () => {
    const overflow = new MemoryCacheStore();
    const { store } = world({ overflow, maxValueBytes: 5 });
    const [get, set] = [vi.spyOn(overflow, 'get'), vi.spyOn(overflow, 'set')];
    await store.set('key', '123', 60);
    expect(set).not.toHaveBeenCalled();
    await store.set('key', '1234', 60);
    expect(set).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 4; i++) expect(await store.get('key')).toBe('1234');
    expect(get).toHaveBeenCalledTimes(4);
  });

  it('tells of a miss that found no memory for its token, and fills nothing after it', async () => {
    const { client, store } = world();
    client.isFull = true;
    expect(await store.getVersioned('key')).toEqual({ value: undefined, version: 'none' });
    const refused = expect.objectContaining({ message: expect.stringContaining('OOM') });
    await expect(store.setIfUnchanged('key', 1, 60, 'none')).rejects.toEqual(refused);
    expect(() => unchanged('none', 'key', ' at h:1')).toThrow(refused);
    expect(unchanged('id', 'key', '').condition).toBe('id');
  });

  it('opens, clears and closes its overflow store, too', async () => {
    const overflow = Object.assign(new MemoryCacheStore(), { warm: vi.fn(async () => {}) });
    const { store, commands } = world({ overflow, maxValueBytes: 5 });
    expect(await commands(() => store.warm())).toBe('PING');
    expect(overflow.warm).toHaveBeenCalledTimes(1);
    const set = vi.spyOn(overflow, 'set');
    await store.set('key', 'large enough', 60);
    const [name] = set.mock.calls[0] ?? [];
    expect(await overflow.has(String(name))).toBe(true);
    await store.clear();
    expect(await overflow.has(String(name))).toBe(false);
    const close = vi.spyOn(overflow, 'close');
    await store.close();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it.each<[string, (store: RedisCacheStore) => Promise<unknown>]>([
    ['del', (store) => store.del('key')],
    ['delByPattern', (store) => store.delByPattern('k*')],
    ['clear', (store) => store.clear()],
  ])('sends no set that %s has overtaken', async (_, invalidate) => {
    let write = () => {};
    const serializer = {
      name: 'slow',
      serialize: (value: unknown) =>
        new Promise<string>((resolve) => {
          write = () => resolve(String(value));
        }),
      deserialize: String,
    };
    const { client, store } = world({ serializer });
    const written = store.set('key', 'late', 60);
    await invalidate(store);
    write();
    await written;
    expect(client.sent).not.toContain('WRITE');
  });
});

describe('the deletion of all keys that are found', () => {
  const search = { unused: 'unused', pattern: '*', matches: (key: Uint8Array) => key[0] !== 120 };
  const held = (...keys: string[]) => {
    const client = new Client();
    for (const key of keys) client.records.set(key, Buffer.from(key));
    return client;
  };

  it('counts the values among them, and leaves the keys that do not match', async () => {
    const client = held('s1', 't2', 'b3', 'x4');
    expect(await unlinkKeys(client as never, search)).toBe(2);
    expect([...client.records.keys()]).toEqual(['x4']);
  });

  it('counts no value that another has deleted first', async () => {
    const client = held('s1', 's2');
    const { unlink } = client;
    client.unlink = async (key) => (String(key) === 's2' ? 0 : unlink(key));
    expect(await unlinkKeys(client as never, search)).toBe(1);
  });

  it('begins with a write, which a replica refuses', async () => {
    const client = held('s1');
    client.unlink = async () => {
      throw new Error('READONLY no');
    };
    await expect(unlinkKeys(client as never, search)).rejects.toThrow('READONLY');
    expect(client.sent).toEqual([]);
  });

  it('is not confirmed if the connection was lost between two steps', async () => {
    const client = held('s1');
    const { scanBuffer } = client;
    client.scanBuffer = async () => {
      client.emit('close');
      return scanBuffer();
    };
    await expect(unlinkKeys(client as never, search)).rejects.toThrow('lost during a scan');
    expect(client.listenerCount('close')).toBe(0);
  });

  it('waits for all deletions of a step before it fails', async () => {
    const client = held('s1', 's2');
    const { unlink } = client;
    let isSlowDone = false;
    client.unlink = async (key) => {
      if (String(key) === 's1') throw new Error('down');
      if (String(key) === 's2') {
        await new Promise((resolve) => setImmediate(resolve));
        isSlowDone = true;
      }
      return unlink(key);
    };
    await expect(unlinkKeys(client as never, search)).rejects.toThrow('down');
    expect(isSlowDone).toBe(true);
  });
});
