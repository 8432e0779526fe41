import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseModule } from '../../test/package/import-graph.js';
import tsconfig from '../../tsconfig.json' with { type: 'json' };

/** Specs that run whole programs: too slow to run for each break, and no judge of a single condition. */
const SLOW = /^test\/(lambda\/(end-to-end|emulator)|examples|bench|package|site|specification)\//;

/** So many specs run at first, then so many more, then the rest: the nearest ones most likely notice a break. */
const GROUPS = [8, 32];

/** Knows which specs run a file of src, through any number of imports. */
export class Specs {
  /** The files that import a file, other than for its types. */
  readonly #importers = new Map<string, Set<string>>();

  /** `root` is the folder of the package. */
  constructor(root: string) {
    for (const folder of ['src', 'test', 'scripts', 'bench', 'examples']) {
      for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts')) continue;
        const path = posix.join(folder, name);
        for (const target of targetsOf(path, readFileSync(join(root, path), 'utf8')))
          this.#importers.set(target, (this.#importers.get(target) ?? new Set()).add(path));
      }
    }
  }

  /** The specs that run the file, in groups: first those that most likely judge it. */
  of(file: string): string[][] {
    // A map keeps the order in which the search finds the files.
    const distances = new Map([[file, 0]]);
    for (const [path, distance] of distances) {
      for (const importer of this.#importers.get(path) ?? [])
        if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
    // Some specs run their part as a program, so no import leads from them to it.
    const [, room = ''] = file.split('/');
    const inRoom = [...this.#importers.values()]
      .flatMap((paths) => [...paths])
      .filter((path) => path.startsWith(`test/${room}/`));
    const specs = [...new Set([...distances.keys(), ...inRoom])]
      .filter((path) => path.endsWith('.spec.ts') && !SLOW.test(path))
      .map((path) => ({ path, kinship: kinship(file, path), distance: distances.get(path) ?? 99 }))
      .sort((a, b) => b.kinship - a.kinship || a.distance - b.distance)
      .map(({ path }) => path);
    return [0, ...GROUPS]
      .map((from, i) => specs.slice(from, GROUPS[i]))
      .filter((group) => group.length > 0);
  }
}

/** How much a spec's path has in common with that of the file: folders, and words of the name. */
function kinship(file: string, spec: string): number {
  const words = new Set(file.replace(/^src|\.ts$/g, '').split(/[/-]/));
  const shared = spec.replace(/^test|\.spec\.ts$/g, '').split(/[/-]/);
  return new Set(shared.filter((word) => word !== '' && words.has(word))).size;
}

const paths: Readonly<Record<string, readonly string[]>> = tsconfig.compilerOptions.paths;

/** The files of the package that a file imports when it runs. */
function targetsOf(path: string, source: string): string[] {
  return parseModule(path, source).imports.flatMap(({ target, bare, kind }) => {
    if (kind === 'type') return [];
    if (!bare) return [target];
    return (paths[target] ?? []).map((file) => posix.normalize(file));
  });
}
