import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { declaredTypes } from './types.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));
const types = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) =>
    declaredTypes(path, readFileSync(join(src, path), 'utf8')).map((type) => ({ path, ...type })),
  );

/** A name for a common type of the language, or for the parts of a constant of the same file, is no type of its own. */
const IS_PLAIN =
  /^(string|(Readonly<)?Record<string, \w+>>?|ReadonlyMap<string, string>|(\w+|\(.*\))\[\])$|\btypeof /;

describe('the types of src', () => {
  it('are declared once, under one name', () => {
    expect(types.length).toBeGreaterThan(300);
    const byShape = new Map<string, string[]>();
    for (const { path, name, shape } of types)
      if (!IS_PLAIN.test(shape))
        byShape.set(shape, [...(byShape.get(shape) ?? []), `${path} ${name}`]);
    const twice = [...byShape.values()].filter((places) => places.length > 1);
    expect(twice).toEqual([]);
  });

  it.each(['KeySpace', 'Policy', 'ResolvedPolicy', 'ServiceParts', 'Snapshot', 'LoadRequest'])(
    'mean one thing by %s',
    (name) => {
      expect(types.filter((type) => type.name === name)).toHaveLength(1);
    },
  );

  it.each([
    'Seen',
    'Basis',
    'Need',
    'Target',
    'Flight',
    'Watch',
    'Marks',
    'Budget',
    'Bag',
    'Fleet',
  ])('of the engine no longer have the name %s', (name) => {
    expect(types.filter((type) => type.name === name && type.path.startsWith('engine'))).toEqual(
      [],
    );
  });
});

describe('the reader of types', () => {
  it.each([
    ['order', 'interface A { a: 1; b: 2 }', 'interface B { b: 2; a: 1 }'],
    ['the kind of declaration', 'interface A { a: 1; b: 2 }', 'type B = { a: 1; b: 2 };'],
    ['readonly and comments', 'interface A { readonly a: 1 /* x */ }', 'interface B { a: 1 }'],
    ['type parameters', 'interface A<T> { a: T }', 'interface B<U> { a: U }'],
    ['nothing, of a union', "type A = 'x' | 'y';", "type B = 'x' | 'y';"],
  ])('finds two types that differ in %s', (_what, one, other) => {
    const [a, b] = [declaredTypes('a.ts', one), declaredTypes('b.ts', other)];
    expect(a[0]?.shape).toBe(b[0]?.shape);
    expect(a[0]?.name).not.toBe(b[0]?.name);
  });

  it.each([
    ['members', 'interface A { a: 1 }', 'interface B { a: 2 }'],
    ['a member that may be missing', 'interface A { a: 1 }', 'interface B { a?: 1 }'],
    ['their bases', 'interface A extends C { a: 1 }', 'interface B extends D { a: 1 }'],
  ])('tells two types apart by %s', (_what, one, other) => {
    expect(declaredTypes('a.ts', one)[0]?.shape).not.toBe(declaredTypes('b.ts', other)[0]?.shape);
  });
});
