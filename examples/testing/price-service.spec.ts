import { type CacheEvent, CacheService, MemoryCacheStore } from '@glasswork/cache';
import { createVirtualClock, faultyStore, scriptedFaults } from '@glasswork/cache/testing';
import { expect, it } from 'vitest';
import { PriceService } from './price-service.js';

function start(faults: Parameters<typeof scriptedFaults>[0] = {}) {
  const clock = createVirtualClock();
  const prices = new Map([['book', 12]]);
  const database = {
    queries: 0,
    isDown: false,
    async find(id: string) {
      this.queries++;
      if (this.isDown) throw new Error('the database is down');
      return prices.get(id) ?? 0;
    },
    async save(id: string, price: number) {
      prices.set(id, price);
    },
  };
  const events: CacheEvent[] = [];
  const store = faultyStore(new MemoryCacheStore({ clock }), { plan: scriptedFaults(faults) });
  const cache = new CacheService(store, { clock, onEvent: (event) => events.push(event) });
  return { clock, database, events, cache, service: new PriceService({ cache, database }) };
}

it('asks the database once for many callers', async () => {
  const { service, database } = start();
  expect(await Promise.all([service.find('book'), service.find('book')])).toEqual([12, 12]);
  expect(await service.find('book')).toBe(12);
  expect(database.queries).toBe(1);
});

it('shows a change at once', async () => {
  const { service } = start();
  await service.find('book');
  await service.change('book', 15);
  expect(await service.find('book')).toBe(15);
});

it('serves a stale price and refreshes it behind the answer', async () => {
  const { service, clock, cache, database } = start();
  await service.find('book');
  clock.advance(60_000);
  expect(await service.find('book')).toBe(12);
  await cache.settled();
  expect(database.queries).toBe(2);
});

it('serves the last price while the database is down', async () => {
  const { service, clock, database, events } = start();
  await service.find('book');
  database.isDown = true;
  clock.advance(600_000);
  expect(await service.find('book')).toBe(12);
  expect(events.map(({ type }) => type)).toContain('stale-served');
});

it('tells the caller of a change that the cache did not confirm it', async () => {
  const { service } = start({ del: [{ kind: 'error' }] });
  await expect(service.change('book', 15)).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
});
