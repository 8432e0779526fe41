import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBCacheStore, type DynamoDBCacheStoreOptions } from '@glasswork/cache';
import { describe, expect, it, vi } from 'vitest';
import { deferred } from '../../lambda/helpers.js';

type Client = NonNullable<DynamoDBCacheStoreOptions['client']>;

const never = new Promise<never>(() => {});
const open = (client: Client, total: number) =>
  new DynamoDBCacheStore({ tableName: 't', client, timeouts: { total } });

describe('the time budget of a call through a client', () => {
  it.each<[string, Client]>([
    ['a client that does not listen to its signal', { update() {}, get: () => never }],
    ['a client that nobody ever gets', () => never],
    [
      'an SDK client without credentials',
      new DynamoDBClient({ region: 'us-east-1', credentials: () => never }),
    ],
  ])('ends the wait for %s', async (_, client) => {
    const read = open(client, 0.05).get('k');
    await expect(read).rejects.toMatchObject({ code: 'TIMEOUT', subject: 't' });
  });

  it('aborts what listens', async () => {
    const get = vi.fn((_input: object, _options: { abortSignal: AbortSignal }) => never);
    const read = open({ update() {}, get }, 0.05).get('k');
    await new Promise(setImmediate);
    const signal = get.mock.lastCall?.[1].abortSignal;
    expect(signal?.aborted).toBe(false);
    await expect(read).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(signal?.aborted).toBe(true);
  });

  it.each([2.01, 30 * 86_400, 366 * 86_400])('may be %f seconds', async (seconds) => {
    const client = { update() {}, get: async () => ({}) };
    expect(await open(client, seconds).get('k')).toBeUndefined();
  });

  it('sends nothing with a client that comes after it', async () => {
    const update = vi.fn(async () => ({}));
    const opening = deferred<object>();
    const store = open(() => opening.promise, 0.05);
    await expect(store.set('k', 'late', 60)).rejects.toMatchObject({ code: 'TIMEOUT' });
    opening.resolve({ update });
    await new Promise(setImmediate);
    expect(update).not.toHaveBeenCalled();
    await store.set('k', 'in time', 60);
    expect(update).toHaveBeenCalledOnce();
  });
});

it('a client that throws no error is a failure of the store', async () => {
  const client = { update() {}, get: () => Promise.reject(undefined) };
  await expect(open(client, 1).get('k')).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

it('an answer that a condition failed confirms nothing where none was sent', async () => {
  const odd = Object.assign(new Error('odd'), { name: 'ConditionalCheckFailedException' });
  const fail = () => Promise.reject(odd);
  const store = open({ update: fail, get: fail, scan: fail }, 1);
  for (const call of [
    () => store.del('k'),
    () => store.set('k', 'value', 60),
    () => store.get('k'),
    () => store.delByPattern('*'),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'STORE_FAILED', cause: odd });
  }
});
