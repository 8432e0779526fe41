import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breaksOf } from '../../scripts/break/breaks.js';
import { Specs } from '../../scripts/break/specs.js';
import { root } from '../../scripts/run.js';

const broken = (source: string) =>
  breaksOf('a.ts', source).map(
    ({ start, end, replacement }) => source.slice(0, start) + replacement + source.slice(end),
  );

describe('a break', () => {
  it.each([
    ['a(b && c);', ['a((b));', 'a((c));', ';']],
    ['x = b < c ? 1 : 2;', ['x = (1);', 'x = (2);', 'x = ((b) <= (c)) ? 1 : 2;']],
    ['if (!a) b = 1;', ['if ((!a) && false) b = 1;', 'if ((a)) b = 1;']],
    ['x = a === b;', ['x = ((a) !== (b));']],
    ['await a();', [';']],
    ['type A = B extends C ? D : E;', []],
    ['x = a ?? b;', []],
    ["x = typeof a === 'string';", []],
  ])('of %s is one change', (source, expected) =>
    expect(broken(source).sort()).toEqual(expected.sort()),
  );

  it('of a comparison keeps its operands together', () => {
    expect(broken('x = a >= (b ?? c);')).toEqual(['x = ((a) > (b ?? c));']);
  });

  it('knows its line', () => {
    expect(breaksOf('a.ts', '\n\nif (a) b = 1;')).toMatchObject([{ file: 'a.ts', line: 3 }]);
  });
});

describe('the specs of a file', () => {
  const specs = new Specs(root);

  it.each([
    ['src/util/glob.ts', 'test/util/glob.spec.ts'],
    ['src/http/rules/http-date.ts', 'test/http/rules/http-date.spec.ts'],
    ['src/engine/loading/lease.ts', 'test/cache-service/lease.spec.ts'],
    ['src/stores/redis/url.ts', 'test/stores/redis/url.spec.ts'],
  ])('of %s begin with %s', (file, expected) => {
    expect(specs.of(file)[0]).toContain(expected);
  });

  it('are all specs, each once, those of the site last', () => {
    const groups = specs.of('src/util/glob.ts');
    const all = groups.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all).toContain('test/scripts/break.spec.ts');
    expect(groups.at(-1)).toContain('test/site/site.spec.ts');
    expect(all.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
