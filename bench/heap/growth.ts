import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CacheService } from '@glasswork/cache';
import { MemoryCacheStore } from '@glasswork/cache/memory';

const digits = (n: number): string => String(n).padStart(8, '0');
const list = <T>(length: number, make: (i: number) => T): T[] =>
  Array.from({ length }, (_, i) => make(i));

/** Values whose text says little of what V8 needs for them. `n`: no two are the same. */
export const SHAPES: Readonly<Record<string, (n: number) => unknown>> = {
  'short strings': (n) => `value ${digits(n)}`,
  'rows of 20 small objects': (n) =>
    list(20, (i) => ({
      id: n * 20 + i,
      name: `name ${n} ${i}`,
      active: i % 2 === 0,
      score: i / 8,
    })),
  '600 names': (n) => Object.fromEntries(list(600, (i) => [`name ${i}`, n])),
  '600 names of its own': (n) => Object.fromEntries(list(600, (i) => [`name ${n} ${i}`, i])),
  '20 names of its own': (n) => Object.fromEntries(list(20, (i) => [`name ${n} ${i}`, i])),
  'lists of empty lists': (n) => list(100 + (n % 3), () => []),
  'one large text': (n) => `${digits(n)}${'x'.repeat(50_000)}`,
};

/** The room of a store and a service beside their bound. */
export interface Setting {
  readonly shape: string;
  readonly frozen: boolean;
  readonly maxBytes: number;
}

/** By how many times `maxBytes` the heap grows until the store is full, once everything in it was read. */
export async function heapGrowth({ shape, frozen, maxBytes }: Setting): Promise<number> {
  const make = SHAPES[shape];
  if (!make) throw new Error(`no shape "${shape}"`);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const store = new MemoryCacheStore({ frozen, maxBytes, maxEntries: Infinity });
  const cache = new CacheService(store, { onEvent: () => {} });
  let evicted = 0;
  const put = async (n: number) => {
    await cache.set(`key ${digits(n)}`, make(n), '1h');
    await cache.get(`key ${digits(n)}`);
    // Full: an older one has had to go.
    if (n % 16 === 0 && !(await store.has(`key ${digits(Math.floor(n / 2))}`))) evicted++;
  };
  for (let n = 0; n < 32; n++) await put(n);
  await store.clear();
  const heap = () => {
    for (let round = 0; round < 3; round++) collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  evicted = 0;
  for (let n = 32; evicted < 16; n++) await put(n);
  return (heap() - before) / maxBytes;
}
