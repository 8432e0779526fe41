import { describe, expect, it } from 'vitest';
import sizes from '../../.size-limit.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };
import { entryPoints, fieldsOf } from '../../scripts/entry-points.js';

const targets = Object.values(manifest.exports).filter((target) => typeof target !== 'string');

describe('an entry point in package.json', () => {
  it('is what the paths of the compiler say: npx tsx scripts/entry-points.ts writes it', () => {
    const { main, types, exports, typesVersions } = manifest;
    const derived = fieldsOf(entryPoints());
    expect({ main, types, exports, typesVersions }).toEqual(derived);
    expect(Object.keys(exports)).toEqual(Object.keys(Object(derived.exports)));
  });

  it('names the ES build before the other, and the types of each first: the first condition that matches wins', () => {
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) {
      const { default: last, ...conditions } = target;
      expect(Object.keys(target)).toEqual([
        'module-sync',
        'module',
        'import',
        'require',
        'default',
      ]);
      for (const build of Object.values(conditions))
        expect(Object.keys(build)).toEqual(['types', 'default']);
      expect(last).toBe(target.import.default);
    }
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
