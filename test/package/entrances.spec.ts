import { describe, expect, it } from 'vitest';
import sizes from '../../.size-limit.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };
import tsconfig from '../../tsconfig.json' with { type: 'json' };

const targets = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ name: manifest.name + subpath.slice(1), ...target }],
);

describe('an entrance in exports', () => {
  it('leads to its source in the paths of the compiler, which tests and examples use', () => {
    const sources = targets.map(({ name, types }) => [
      name,
      [types.replace('./dist/types/', './src/').replace('.d.ts', '.ts')],
    ]);
    expect(tsconfig.compilerOptions.paths).toEqual(Object.fromEntries(sources));
  });

  it('names its types first, since the first condition that matches wins', () => {
    for (const { name: _, ...conditions } of targets)
      expect(Object.keys(conditions)).toEqual(['types', 'default']);
  });

  it('has a limit of size', () => {
    const limited = sizes.map(({ path }) => `./${path}`);
    expect(limited).toEqual(expect.arrayContaining(targets.map((target) => target.default)));
  });

  it('loads no package that every user would have to install', () => {
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    const peers = Object.keys(manifest.peerDependencies);
    const optional = peers.map((peer) => [peer, { optional: true }]);
    expect(manifest.peerDependenciesMeta).toEqual(Object.fromEntries(optional));
  });
});
