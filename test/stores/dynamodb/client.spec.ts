import {
  DynamoDBCacheStore,
  type DynamoDBCacheStoreOptions,
  MemoryCacheStore,
} from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { Entry } from '../../../src/model/entry.js';
import { httpDatabase } from '../../../src/stores/dynamodb/http-database.js';

type Input = Readonly<Record<string, unknown>>;
type Method = 'get' | 'batchGet' | 'update' | 'delete' | 'scan';
type Methods = Partial<Record<Method, (input: Input) => unknown>>;

/** A document client that records its calls. */
function open(methods: Methods = {}, options: Partial<DynamoDBCacheStoreOptions> = {}) {
  const calls: [Method, Input][] = [];
  const method = (name: Method) => async (input: Input) => {
    calls.push([name, input]);
    return methods[name]?.(input) ?? {};
  };
  const client = {
    ...{ get: method('get'), batchGet: method('batchGet'), update: method('update') },
    ...{ delete: method('delete'), scan: method('scan') },
  };
  const store = new DynamoDBCacheStore({ tableName: 't', client, ...options });
  return { store, calls };
}

const named =
  (name: string, message = 'no', more: object = {}) =>
  () => {
    throw Object.assign(new Error(message), { name, ...more });
  };

describe('the options of a DynamoDB store', () => {
  it.each([undefined, '', 5, ['t'], 'a b', 't\n', 'x'.repeat(256), 'arn:aws:s3:::bucket'])(
    'refuse the table %j',
    (tableName) => {
      const error = { code: 'INVALID_OPTION', subject: 'tableName' };
      expect(() => new DynamoDBCacheStore({ tableName } as { tableName: string })).toThrow(
        expect.objectContaining(error),
      );
    },
  );

  it.each(['abc', 'a.b_c-D9', 'x'.repeat(255), 'arn:aws:dynamodb:eu-central-1:1:table/t'])(
    'take the table %s',
    (tableName) => {
      expect(open({}, { tableName }).store.name).toBe('dynamodb');
    },
  );

  it.each([0, -1, Number.NaN, 400 * 1024 + 1])('refuse items of %d bytes', (maxItemBytes) => {
    expect(() => open({}, { maxItemBytes })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', subject: 'maxItemBytes' }),
    );
  });

  it('take up to 400 KB for an item, and by default', async () => {
    expect(open({}, { maxItemBytes: 400 * 1024 }).store.keepsLarge).toBe(false);
    const { store } = open();
    await store.set('key', 'x'.repeat(399 * 1024), 60);
    const tooLarge = store.set('key', 'x'.repeat(400 * 1024), 60);
    await expect(tooLarge).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
    expect(open({}, { overflow: new MemoryCacheStore() }).store.keepsLarge).toBe(true);
  });

  it('take an item of exactly maxItemBytes', async () => {
    const size = async (maxItemBytes: number) =>
      open({}, { maxItemBytes })
        .store.set('key', 'value', 60)
        .then(() => 'fits')
        .catch(({ code }) => code);
    const sizes = Array.from({ length: 200 }, (_, i) => 100 + i);
    const results = await Promise.all(sizes.map(size));
    const first = results.indexOf('fits');
    expect(first).toBeGreaterThan(0);
    // The smallest that fits is the size that the message of the next smaller one names.
    const refused = open({}, { maxItemBytes: Number(sizes[first - 1]) }).store;
    await expect(refused.set('key', 'value', 60)).rejects.toThrow(`needs ${sizes[first]} bytes`);
  });
});

describe('a read of DynamoDB is consistent', () => {
  const consistency = async (
    options: Partial<DynamoDBCacheStoreOptions>,
    use: (store: DynamoDBCacheStore) => Promise<unknown>,
  ) => {
    const { store, calls } = open({ scan: () => ({ Items: [{ pk: 'k', exp: 1 }] }) }, options);
    await use(store);
    return calls.find(([name]) => name === 'get')?.[1].ConsistentRead;
  };

  it('where an option or the call asks for it, or this process has changed the key', async () => {
    expect(await consistency({}, (store) => store.get('k'))).toBe(false);
    expect(await consistency({ consistentRead: true }, (store) => store.get('k'))).toBe(true);
    const asked = { consistent: true };
    expect(await consistency({}, (store) => store.getVersioned('k', asked))).toBe(true);
    for (const change of [
      (store: DynamoDBCacheStore) => store.del('k'),
      (store: DynamoDBCacheStore) => store.set('k', 1, 60),
      (store: DynamoDBCacheStore) => store.clear(),
    ]) {
      const read = (key: string) =>
        consistency({}, (store) => change(store).then(() => store.get(key)));
      expect([await read('k'), await read('other')]).toEqual([true, false]);
    }
  });
});

describe('a write to DynamoDB', () => {
  const valuesOf = async (key: string, value: unknown) => {
    const { store, calls } = open();
    await store.set(key, value, 60);
    return Object.keys(Object(calls[0]?.[1].ExpressionAttributeValues)).sort();
  };
  const always = [':exp', ':expiresAt', ':one', ':value', ':ver'];

  it('holds no more than it needs, because DynamoDB refuses unused values', async () => {
    expect(await valuesOf('k', 'value')).toEqual(always);
    expect(await valuesOf('', 'value')).toEqual([...always, ':key'].sort());
    const times = { createdAt: 1, staleAt: undefined, expiresAt: 9, loadMs: 0 };
    const entry = new Entry({ ...times, versions: [[null, 'p']] }, 'value');
    expect(await valuesOf('k', entry)).toEqual([...always, ':entry'].sort());
  });

  it('goes before the deletion that was called after it', async () => {
    const { store, calls } = open();
    await Promise.all([store.set('k', 1, 60), store.del('k')]);
    const sent = calls.map(([, input]) =>
      String(input.UpdateExpression).startsWith('REMOVE #value'),
    );
    expect(sent).toEqual([false, true]);
  });
});

describe('a clear of DynamoDB', () => {
  it('deletes each item that a scan finds, those of tags included', async () => {
    const pages = [
      { Items: [{ pk: 'a' }, { pk: '#tag:app:red' }], LastEvaluatedKey: { pk: 'b' } },
      { Items: [] },
    ];
    const { store, calls } = open({ scan: () => pages.shift() });
    await store.clear();
    const inputs = (method: Method) =>
      calls.flatMap(([name, input]) => (name === method ? [input] : []));
    expect(inputs('delete').map(({ Key }) => Key)).toEqual([{ pk: 'a' }, { pk: '#tag:app:red' }]);
    const [first, next] = inputs('scan');
    expect(first).not.toHaveProperty('ExclusiveStartKey');
    expect(next).toHaveProperty('ExclusiveStartKey', { pk: 'b' });
  });
});

describe('an error of DynamoDB', () => {
  it.each([
    ['ValidationException', 'Item size has exceeded the maximum allowed size', 'VALUE_TOO_LARGE'],
    ['ValidationException', 'Another fault', 'STORE_FAILED'],
    ['LimitExceededException', 'of the size of a table', 'STORE_FAILED'],
  ])('named %s: %s is %s', async (name, message, code) => {
    const { store } = open({ update: named(name, message) });
    await expect(store.set('k', 1, 60)).rejects.toMatchObject({ code });
  });

  it('of the system goes by its code', async () => {
    const { store } = open({ get: named('Odd', '', { code: 'ECONNREFUSED' }) });
    await expect(store.get('k')).rejects.toThrow('(ECONNREFUSED)');
  });

  it('that has nothing to do with a condition is no answer to it', async () => {
    const { store } = open({ update: named('ThrottlingException') });
    await expect(store.add('k', 1, 60)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(store.setIfUnchanged('k', 1, 60, '')).rejects.toThrow('ThrottlingException');
  });

  it('after the time limit has the abortion as its cause', async () => {
    const client = { update() {}, get: () => new Promise(() => {}) };
    const store = new DynamoDBCacheStore({ tableName: 't', client, timeouts: { total: 0.05 } });
    await expect(store.get('k')).rejects.toMatchObject({ cause: { name: 'AbortError' } });
  });

  it('of anything but a client says so', async () => {
    const store = new DynamoDBCacheStore({ tableName: 't', client: async () => ({}) });
    await expect(store.get('k')).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTION', subject: 'client' },
      message: expect.stringMatching(/^client is not a DynamoDB client/),
    });
  });

  it.each<[object, string]>([
    [{}, 'on table "t" failed'],
    [{ region: 'eu-central-1' }, 'on table "t" in eu-central-1 failed'],
    [{ region: 5 }, 'on table "t" failed'],
    [
      { endpoint: { protocol: 'http:', hostname: 'h', port: 80 } },
      'on table "t" at http://h:80 failed',
    ],
    [
      {
        region: async () => 'eu-west-1',
        endpoint: async () => ({ protocol: 'https:', hostname: 'h' }),
      },
      'on table "t" in eu-west-1 at https://h failed',
    ],
  ])('says where, as far as the client tells: %j', async (config, expected) => {
    const client = { update() {}, get: () => Promise.reject(new Error('no')), config };
    const store = new DynamoDBCacheStore({ tableName: 't', client });
    // The client is asked for its settings when it is opened, which the first call does not wait for.
    await store.get('k').catch(() => {});
    await expect(store.get('k')).rejects.toThrow(expected);
  });

  it('does not name the endpoint of AWS itself', () => {
    const credentials = async () => ({ accessKeyId: 'a', secretAccessKey: 'b' });
    const place = (endpoint?: string) => {
      const database = httpDatabase({ tableName: 't', region: 'eu-west-1', endpoint, credentials });
      database.close();
      return database.place.endpoint;
    };
    expect(place('https://dynamodb.eu-west-1.amazonaws.com')).toBeUndefined();
    expect(place('http://127.0.0.1:8000')).toBe('http://127.0.0.1:8000');
  });
});

describe('a denial', () => {
  const denied = named('AccessDeniedException', 'no identity-based policy allows it');
  const messageOf = async (
    use: (store: DynamoDBCacheStore) => Promise<unknown>,
    options: Partial<DynamoDBCacheStoreOptions> = {},
  ) => {
    const { store } = open({ get: denied, scan: denied, update: denied }, options);
    return use(store).then(
      () => '',
      ({ message }: Error) => message,
    );
  };

  it('names the permissions of a cache, and for a scan those of a scan', async () => {
    const read = await messageOf((store) => store.get('k'));
    expect(read).toContain('dynamodb:GetItem');
    expect(read).toContain('a cache needs dynamodb:GetItem, dynamodb:BatchGetItem');
    const scan = await messageOf((store) => store.delByPattern('*'));
    expect(scan).toContain('dynamodb:Scan');
    expect(scan).toContain('delByPattern and clear need dynamodb:Scan');
  });

  it('names the table by its ARN, or by its name where the region is unknown', async () => {
    const tableName = 'arn:aws:dynamodb:eu-central-1:1:table/t';
    const read = (store: DynamoDBCacheStore) => store.get('k');
    expect(await messageOf(read, { tableName })).toContain(` on ${tableName}`);
    expect(await messageOf(read)).toContain('the table "t"');
  });
});

it('a server that is not DynamoDB has no place in the message where it is unknown', async () => {
  const { store } = open({ get: named('SerializationException') });
  await expect(store.get('k')).rejects.toThrow('The server is not DynamoDB.');
});

describe('a batch of reads', () => {
  it('pauses before it asks again for what was left unread, and only then', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    let rounds = 0;
    const { store, calls } = open({
      batchGet: () => {
        rounds++;
        return rounds < 3 ? { UnprocessedKeys: { t: { Keys: [{ pk: 'a' }] } } } : {};
      },
    });
    const before = random.mock.calls.length;
    expect(await store.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    expect(random.mock.calls.length - before).toBe(2);
    await store.getMany(['a', 'b']);
    expect(random.mock.calls.length - before).toBe(2);
    await store.get('c');
    // No request for no keys came after either batch.
    expect(calls.map(([name]) => name)).toEqual([
      'batchGet',
      'batchGet',
      'batchGet',
      'batchGet',
      'get',
    ]);
  });
});
