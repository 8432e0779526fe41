import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseModule } from '../../test/package/import-graph.js';
import tsconfig from '../../tsconfig.json' with { type: 'json' };

/** Specs that run whole programs, or read the text of the package: slow, and hardly ever the only judge. */
const SLOW =
  /^test\/(lambda\/(end-to-end|emulator)|model-checker|examples|bench|package|specification|docs)\//;
/** They draw every page in a browser, or start many processes. */
const SLOWEST = /^test\/(site|http\/fleet|lambda\/end-to-end\/figures)/;

/** So many specs run at first, then up to so many, then the rest: the nearest ones most likely notice a break. */
const GROUPS = [3, 12, 40];
/** The groups of specs that count as the nearest. */
export const NEAREST = 2;

/** Specs of another folder that judge a room. */
const JUDGES: Readonly<Record<string, string>> = { engine: 'cache-service' };

/** Knows which specs run a file of src, through any number of imports. */
export class Specs {
  /** The files that import a file, other than for its types. */
  readonly #importers = new Map<string, Set<string>>();
  readonly #all: readonly string[];

  /** `root` is the folder of the package. */
  constructor(root: string) {
    const all: string[] = [];
    for (const folder of ['src', 'test', 'scripts', 'bench', 'examples']) {
      for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts')) continue;
        const path = posix.join(folder, name);
        if (folder === 'test' && path.endsWith('.spec.ts')) all.push(path);
        for (const target of targetsOf(path, readFileSync(join(root, path), 'utf8')))
          this.#importers.set(target, (this.#importers.get(target) ?? new Set()).add(path));
      }
    }
    this.#all = all;
  }

  /**
   * All specs, in groups: first those that most likely judge the file, then all that import it, then all others, because
   * some run their part as a program. The slow ones come last.
   */
  of(file: string): string[][] {
    const distances = this.#distances(file);
    const [, room = ''] = file.split('/');
    const isNear = (path: string) =>
      distances.has(path) || path.startsWith(`test/${room}/`) || path.startsWith('test/security/');
    const sorted = this.#all
      .map((path) => ({ path, kinship: kinship(file, path), distance: distances.get(path) ?? 99 }))
      .sort((a, b) => b.kinship - a.kinship || a.distance - b.distance)
      .map(({ path }) => path);
    const bearable = sorted.filter((path) => !SLOWEST.test(path));
    const quick = bearable.filter((path) => !SLOW.test(path));
    const near = quick.filter(isNear);
    const rest = [
      ...quick.filter((path) => !isNear(path)),
      ...bearable.filter((path) => SLOW.test(path)),
    ];
    const slowest = sorted.filter((path) => SLOWEST.test(path));
    const nearest = [0, ...GROUPS].map((from, i) => near.slice(from, GROUPS[i]));
    return [...nearest, rest, slowest].filter((group) => group.length > 0);
  }

  /** By file, the least number of imports that lead from it to this one. */
  #distances(file: string): Map<string, number> {
    // A map keeps the order in which the search finds the files.
    const distances = new Map([[file, 0]]);
    for (const [path, distance] of distances) {
      for (const importer of this.#importers.get(path) ?? [])
        if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
    return distances;
  }
}

/** How much a spec's path has in common with that of the file: folders, and words of the name. */
function kinship(file: string, spec: string): number {
  const words = new Set(file.replace(/^src|\.ts$/g, '').split(/[/-]/));
  for (const word of [...words]) if (JUDGES[word]) words.add(JUDGES[word]);
  const folders = spec.replace(/^test|\.spec\.ts$/g, '').split('/');
  const shared = new Set([...folders, ...folders.flatMap((folder) => folder.split('-'))]);
  return [...shared].filter((word) => word !== '' && words.has(word)).length;
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
