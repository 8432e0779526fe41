import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { root } from './run.js';

export interface EntryPoint {
  /** As it is imported, such as `@glasswork/cache/memory`. */
  readonly name: string;
  /** Its key in `exports`, such as `./memory`. */
  readonly subpath: string;
  /** Its source, such as `src/stores/memory/index.ts`. */
  readonly source: string;
  /** The name of its file in dist, such as `memory`. */
  readonly output: string;
}

/** In the order of `paths` in tsconfig.json, which tests, examples and the build share. */
export function entryPoints(): EntryPoint[] {
  const { name } = readJSON<{ name: string }>('package.json');
  const { compilerOptions } = readJSON<{
    compilerOptions: { paths: Readonly<Record<string, readonly string[]>> };
  }>('tsconfig.json');
  return Object.entries(compilerOptions.paths).map(([specifier, [source = '']]) => {
    const path = specifier.slice(name.length + 1);
    return {
      name: specifier,
      subpath: path ? `./${path}` : '.',
      source: source.replace(/^\.\//, ''),
      output: path.replaceAll('/', '-') || 'index',
    };
  });
}

const typesOf = ({ source }: EntryPoint, extension: string): string =>
  `./dist/types/${source.replace(/^src\//, '').replace(/\.ts$/, extension)}`;

/**
 * The fields of package.json that say where an entry point is. The first condition that a reader knows wins, so their
 * order decides which of the two builds it loads:
 *
 * | condition     | who knows it                                            | build    |
 * | ------------- | ------------------------------------------------------- | -------- |
 * | `module-sync` | Node that can require ES modules, for both ways to load | ES       |
 * | `module`      | bundlers, for both ways to load                         | ES       |
 * | `import`      | all others, for `import`                                | ES       |
 * | `require`     | all others, for `require`                               | CommonJS |
 *
 * So the two builds meet in one process or bundle only where ES modules cannot be required.
 */
export function fieldsOf(points: readonly EntryPoint[]): Record<string, unknown> {
  const targets = points.map((point) => {
    const esm = { types: typesOf(point, '.d.ts'), default: `./dist/${point.output}.js` };
    const cjs = { types: typesOf(point, '.d.cts'), default: `./dist/${point.output}.cjs` };
    const conditions = { 'module-sync': esm, module: esm, import: esm, require: cjs };
    return [point.subpath, { ...conditions, default: esm.default }] as const;
  });
  const [main] = points.filter(({ subpath }) => subpath === '.');
  // The resolution `node` of TypeScript before 7 knows neither `exports` nor its conditions.
  const typesVersions = points
    .filter((point) => point !== main)
    .map((point) => [point.subpath.slice(2), [typesOf(point, '.d.cts')]]);
  return {
    main: './dist/index.cjs',
    types: main && typesOf(main, '.d.cts'),
    exports: { ...Object.fromEntries(targets), './package.json': './package.json' },
    typesVersions: { '*': Object.fromEntries(typesVersions) },
  };
}

function readJSON<T>(file: string): T {
  return JSON.parse(readFileSync(root + file, 'utf8'));
}

// `npx tsx scripts/entry-points.ts` writes them, after a change of `paths`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = { ...readJSON<object>('package.json'), ...fieldsOf(entryPoints()) };
  writeFileSync(`${root}package.json`, JSON.stringify(manifest, null, 2));
  spawnSync('npx', ['biome', 'format', '--write', 'package.json'], { cwd: root, stdio: 'inherit' });
}
