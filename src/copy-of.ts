import { isFrozenDeep } from './frozen.js';

/** A copy, so that nobody sees what another does to the value; none of what nobody can change. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || isFrozenDeep(value)) return value;
  try {
    return structuredClone(value);
  } catch {
    return copyOfPlainPart(value);
  }
}

/** It holds functions: a copy is what a hit would give, the value without them. */
function copyOfPlainPart<T>(value: T): T {
  try {
    return JSON.parse(JSON.stringify(value)) as T;
  } catch {
    return value; // No store can write it either, so every caller that comes later gets a load of its own.
  }
}
