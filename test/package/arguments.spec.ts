import { describe, expect, it } from 'vitest';
import { entryPoints } from '../../scripts/entry-points.js';

// A caller without types, who gives anything.

const NOTHING: readonly unknown[][] = [[], [null], [5], ['x'], [{}], [[]], [() => 1]];
const ARGUMENTS = [...NOTHING, [undefined, null], [{}, null], ['x', null], [() => 1, null]];

const NAMES = entryPoints().map(({ name }) => [name]);

const isClass = (made: object) => /^class\b/.test(Function.prototype.toString.call(made));

async function errorOf(called: CallableFunction, given: readonly unknown[]): Promise<unknown> {
  try {
    const made = isClass(called) ? Reflect.construct(called, given) : called(...given);
    await made;
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('an export that gets no argument, or anything', () => {
  it.each(NAMES)('%s: throws nothing but a CacheError', async (name) => {
    const members: Record<string, unknown> = await import(name);
    const bare: string[] = [];
    for (const [member, called] of Object.entries(members)) {
      if (typeof called !== 'function') continue;
      for (const given of ARGUMENTS) {
        const error = await errorOf(called, given);
        if (error !== undefined && Object(error).name !== 'CacheError')
          bare.push(`${member}(${given.map(String)}): ${error}`);
      }
    }
    expect(bare).toEqual([]);
  });
});
