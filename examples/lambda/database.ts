import { setTimeout as pause } from 'node:timers/promises';

export interface Item {
  readonly id: string;
  readonly name: string;
  readonly readAt: string;
}

const names = new Map<string, string>();

/** Your database goes here: this one is slow, and forgets. */
export async function readItem(id: string): Promise<Item> {
  await pause(300);
  return { id, name: names.get(id) ?? `Item ${id}`, readAt: new Date().toISOString() };
}

export async function writeItem(id: string, name: string): Promise<void> {
  names.set(id, name);
}
