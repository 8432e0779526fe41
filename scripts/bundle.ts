import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { entryPoints } from './entry-points.js';
import { root } from './run.js';

interface Package {
  readonly version: string;
  readonly license: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const read = (path: string): Package => JSON.parse(readFileSync(`${root}${path}`, 'utf8'));
const manifest = read('package.json');

const FORMATS: readonly (OutputOptions & { extension: string })[] = [
  { format: 'esm', extension: 'js' },
  // A native `import()` in CommonJS rejects in Jest, and no optional peer needs one.
  { format: 'cjs', extension: 'cjs', dynamicImportInCjs: false },
];

/** The structured serializer, with the package that it is made of. */
const STRUCTURED = /serializers\/(structured|extra-types|faithful)\.ts$|node_modules\/devalue\//;

/** The parts of the package that the command line loads as files of their own, by their source. */
const LOADED_BY_CLI = {
  'src/cli/inspect/index.ts': './cli-inspect.js',
  'src/cli/library.ts': './cli-library.js',
  'src/testing/index.ts': './testing.js',
} as const;

/** Output name to source file. */
function entries(): Record<string, string> {
  for (const { name, source } of entryPoints())
    if (!existsSync(root + source))
      throw new Error(`tsconfig.json leads "${name}" to ${source}, which does not exist`);
  return Object.fromEntries(entryPoints().map(({ output, source }) => [output, source]));
}

const settings = (): InputOptions => ({
  cwd: root,
  platform: 'node',
  external: [
    /^node:/,
    ...Object.keys(manifest.peerDependencies ?? {}).map((peer) => new RegExp(`^${peer}(/|$)`)),
  ],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // The compiler's `paths` are for tests and examples; the source never imports itself by the package's name.
  tsconfig: false,
  // A warning ends the build, and on a busy machine every build is slow.
  checks: { bundlerTimings: false },
  onLog(level, log, handle) {
    if (level === 'warn') throw new Error(log.message);
    handle(level, log);
  },
});

/** Writes the entry points in one format. The ES build has the file that the command line loads, too. */
export async function bundleEntryPoints(
  dir: string,
  { extension, ...format }: OutputOptions & { extension: string },
): Promise<void> {
  const cli = format.format === 'esm' ? { 'cli-library': 'src/cli/library.ts' } : {};
  const build = await rolldown({
    ...settings(),
    input: { ...entries(), ...cli },
    transform: { target: 'node20' },
  });
  try {
    const { output } = await build.write({
      ...format,
      dir,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `shared/[name].${extension}`,
      // One file is as readable as its source but for the comments, which the declarations carry; a source map would
      // only point at files that are not in the package.
      sourcemap: false,
      minify: false,
      comments: { legal: true, annotation: true, jsdoc: false },
      // A chunk of its own, which a user's bundler leaves out as a whole: devalue runs code when it is imported.
      codeSplitting: { groups: [{ name: 'structured', test: STRUCTURED }] },
    });
    writeFileSync(join(dir, 'licenses.txt'), licenses('these files', modulesOf(output)));
  } finally {
    await build.close();
  }
}

/**
 * Bundles the command line into one file with all the packages that it uses, so that users install none, and writes
 * their licences beside it. The server of `inspect` is a file of its own, which no other command loads, with its page.
 */
export async function bundleCommandLine(dir: string): Promise<void> {
  const banner = '#!/usr/bin/env node';
  const modules = await bundleProgram(dir, { cli: 'src/cli/main.ts' }, { banner });
  modules.push(...(await bundleProgram(dir, { 'cli-inspect': 'src/cli/inspect/index.ts' }, {})));
  copyFileSync(join(root, 'src/cli/inspect/inspect.html'), join(dir, 'inspect.html'));
  writeFileSync(join(dir, 'cli.licenses.txt'), licenses('cli.js and cli-inspect.js', modules));
  chmodSync(join(dir, 'cli.js'), 0o755);
}

async function bundleProgram(
  dir: string,
  input: Record<string, string>,
  output: OutputOptions,
): Promise<string[]> {
  const build = await rolldown({
    ...settings(),
    input,
    plugins: [loadedApart, replaced],
    transform: {
      target: 'node20',
      define: { GLASSWORK_CACHE_VERSION: JSON.stringify(manifest.version) },
    },
  });
  try {
    const written = await build.write({
      ...{ dir, format: 'esm', entryFileNames: '[name].js', codeSplitting: false, minify: true },
      ...output,
    });
    return modulesOf(written.output);
  } finally {
    await build.close();
  }
}

/**
 * Packages below cli-table3 of which little is used: its optional styles, which the tables here have none of, and 10 KB of
 * regular expression for what Node's own matches in one property.
 */
const REPLACED: Readonly<Record<string, string>> = {
  '@colors/colors/safe': 'module.exports = {};',
  'emoji-regex': 'module.exports = () => /\\p{RGI_Emoji}/gv;',
};

const replaced: Plugin = {
  name: 'replaced',
  resolveId: (source) => (source in REPLACED ? source : null),
  load: (id) => REPLACED[id] ?? null,
};

const loadedApart: Plugin = {
  name: 'loaded-apart',
  async resolveId(source, importer) {
    if (!source.startsWith('.') || !importer) return null;
    const resolved = await this.resolve(source, importer, { skipSelf: true });
    const path = resolved?.id.slice(root.length);
    const file = Object.entries(LOADED_BY_CLI).find(([own]) => own === path)?.[1];
    return file ? { id: file, external: 'relative' } : null;
  },
};

type Output = Awaited<ReturnType<Awaited<ReturnType<typeof rolldown>>['write']>>['output'];

const modulesOf = (output: Output): string[] =>
  output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));

/** The licence texts of all packages among the modules. @throws for a package without one. */
function licenses(where: string, modules: readonly string[]): string {
  const names = modules.flatMap(
    (id) => /^.*node_modules\/((@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? [],
  );
  const texts = [...new Set(names)].sort().map((name) => {
    const { version, license } = read(`node_modules/${name}/package.json`);
    return `${name} ${version} (${license})\n\n${licenseText(name).trim()}\n`;
  });
  return [`Packages contained in ${where}:\n`, ...texts].join(`\n${'-'.repeat(80)}\n\n`);
}

const LICENSE_FILES = ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt', 'LICENSE-MIT.txt'];

function licenseText(name: string): string {
  const file = LICENSE_FILES.map((each) => `${root}node_modules/${name}/${each}`).find(existsSync);
  if (!file) throw new Error(`${name} has no licence file: bundle another package.`);
  return readFileSync(file, 'utf8');
}

/** Everything that runs, into `dir`. */
export async function bundle(dir: string): Promise<void> {
  for (const format of FORMATS) await bundleEntryPoints(dir, format);
  await bundleCommandLine(dir);
}

/** The ES modules and the command line alone, for tests that run it. */
export async function bundleToRun(dir: string): Promise<void> {
  await bundleEntryPoints(dir, { format: 'esm', extension: 'js' });
  await bundleCommandLine(dir);
}
