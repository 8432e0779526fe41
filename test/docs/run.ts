import { format } from 'node:util';
import { CacheService, type CacheStore } from '@glasswork/cache';
import { expect, vi } from 'vitest';
import type { Block } from './blocks.js';
import type { Ran, Use } from './uses/use.js';
import type { World } from './world.js';

/** Imports the block, then uses what it exports. */
export async function runBlock(block: Block, world: World, use: Use | undefined): Promise<Ran> {
  const printed: string[] = [];
  for (const method of ['log', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation((...args) => void printed.push(format(...args)));
  const exported: Record<string, unknown> = await import(block.path);
  const unused = new Set(Object.keys(exported));
  const ran: Ran = {
    world,
    printed,
    use<T>(name: string) {
      if (!(name in exported)) throw new Error(`${block.id} exports no ${name}`);
      unused.delete(name);
      // The table of uses knows the types of the pages.
      return exported[name] as T;
    },
    expect,
    call: async (name, ...args) => ran.use<(...args: unknown[]) => unknown>(name)(...args),
  };
  await use?.(ran);
  for (const name of unused) if (await tryOut(exported[name])) unused.delete(name);
  expect([...unused], `${block.id} exports these, and nothing uses them`).toEqual([]);
  return ran;
}

/** True for a cache or a store, which must keep a value and is then closed. */
async function tryOut(exported: unknown): Promise<boolean> {
  if (exported instanceof CacheService) {
    expect(await exported.set('tried', ['out'], '1m')).toBe(true);
    expect(await exported.get('tried')).toEqual(['out']);
    await exported.close();
    return true;
  }
  if (!isStore(exported)) return false;
  await exported.set('tried', ['out'], 60);
  expect(await exported.get('tried')).toEqual(['out']);
  await exported.close?.();
  return true;
}

const isStore = (value: unknown): value is CacheStore =>
  typeof value === 'object' && value !== null && 'get' in value && 'set' in value && 'del' in value;
