import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OutputOptions, rolldown } from 'rolldown';
import { entryPoints } from './entry-points.js';
import { root } from './run.js';

const manifest: { readonly peerDependencies?: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(`${root}package.json`, 'utf8'),
);

/** Output name to source file. */
function entries(): Record<string, string> {
  for (const { name, source } of entryPoints())
    if (!existsSync(root + source))
      throw new Error(`tsconfig.json leads "${name}" to ${source}, which does not exist`);
  return Object.fromEntries(entryPoints().map(({ output, source }) => [output, source]));
}

const FORMATS: readonly (OutputOptions & { extension: string })[] = [
  { format: 'esm', extension: 'js' },
  // A native `import()` in CommonJS rejects in Jest, and no optional peer needs one.
  { format: 'cjs', extension: 'cjs', dynamicImportInCjs: false },
];

async function bundle(): Promise<void> {
  const peers = Object.keys(manifest.peerDependencies ?? {});
  const build = await rolldown({
    cwd: root,
    input: entries(),
    platform: 'node',
    external: [/^node:/, ...peers.map((peer) => new RegExp(`^${peer}(/|$)`))],
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    transform: { target: 'node20' },
    // The compiler's `paths` are for tests and examples; the source never imports itself by the package's name.
    tsconfig: false,
    onLog(level, log, handle) {
      if (level === 'warn') throw new Error(log.message);
      handle(level, log);
    },
  });
  try {
    for (const { extension, ...format } of FORMATS) {
      await build.write({
        ...format,
        dir: 'dist',
        entryFileNames: `[name].${extension}`,
        chunkFileNames: `shared/[name].${extension}`,
        // One file is as readable as its source but for the comments, which the declarations carry; a source map would
        // only point at files that are not in the package.
        sourcemap: false,
        minify: false,
        comments: { legal: true, annotation: true, jsdoc: false },
      });
    }
  } finally {
    await build.close();
  }
}

/** A declaration file has the module format of its extension, so each build needs its own. */
function writeCommonJSTypes(): void {
  const folder = join(root, 'dist/types');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((path) => path.endsWith('.d.ts'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    const renamed = text.replace(/\b(from |import\()(['"])(\.[^'"]*)\.js\2/g, '$1$2$3.cjs$2');
    writeFileSync(join(folder, file.replace(/\.ts$/, '.cts')), renamed);
  }
}

rmSync(`${root}dist`, { recursive: true, force: true });
await bundle();
const tsc = `${root}node_modules/typescript/bin/tsc`;
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status === 0) writeCommonJSTypes();
process.exitCode = status ?? 1;
