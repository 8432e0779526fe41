import { DynamoDBCacheStore } from '@glasswork/cache';
import { createVirtualClock } from '@glasswork/cache/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dynalite, startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../../servers/table.js';

const MINUTE = 60_000;

describe('a DynamoDB store', () => {
  let server: Dynalite;
  let tableName: string;
  beforeAll(async () => {
    server = await startDynalite();
    tableName = await createCacheTable(server.endpoint);
  });
  afterAll(() => server.stop());

  it.each([
    [14, true],
    [16, false],
  ])('that froze for %i minutes before it signed a fill sends it: %s', async (minutes, sends) => {
    const clock = createVirtualClock();
    let freeze = 0;
    const store = new DynamoDBCacheStore({
      ...{ tableName, region, endpoint: server.endpoint, clock },
      credentials: async () => {
        clock.advance(freeze);
        return credentials;
      },
    });
    const key = `frozen for ${minutes}`;
    const { version } = await store.getVersioned(key);
    freeze = minutes * MINUTE;
    const fill = store.setIfUnchanged(key, 'old', 86_400, version);
    if (sends) expect(await fill).toBe(true);
    else await expect(fill).rejects.toThrow(/too long to send/);
    freeze = 0;
    expect(await store.get(key)).toBe(sends ? 'old' : undefined);
    await store.close();
  });

  it('deletes by a pattern what has expired by its own clock alone, and counts what it sees alive', async () => {
    const [here, ahead] = [createVirtualClock(), createVirtualClock()];
    const open = (clock: typeof here) =>
      new DynamoDBCacheStore({
        ...{ tableName, region, endpoint: server.endpoint, clock },
        credentials: async () => credentials,
      });
    const [mine, theirs] = [open(here), open(ahead)];
    ahead.advance(10 * MINUTE);
    await mine.set('skew:a', 1, 60);
    expect(await theirs.delByPattern('skew:*')).toBe(0);
    expect(await mine.get('skew:a')).toBeUndefined();
    await Promise.all([mine.close(), theirs.close()]);
  });
});
