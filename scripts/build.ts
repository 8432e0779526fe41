import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Entrance {
  readonly types: string;
  readonly default: string;
}
interface Manifest {
  readonly exports: Readonly<Record<string, Entrance | string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Output name to source file, for each code entrance of `exports`: its types path mirrors its source path. */
function entries(): Record<string, string> {
  const input: Record<string, string> = {};
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;
    const source = target.types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts');
    if (!existsSync(root + source))
      throw new Error(`package.json exports "${subpath}" from ${source}, which does not exist`);
    input[basename(target.default, '.js')] = source;
  }
  return input;
}

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
    await build.write({
      dir: 'dist',
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name].js',
      // One file is as readable as its source but for the comments, which the declarations carry; a source map would
      // only point at files that are not in the package.
      sourcemap: false,
      minify: false,
      comments: { legal: true, annotation: true, jsdoc: false },
    });
  } finally {
    await build.close();
  }
}

rmSync(`${root}dist`, { recursive: true, force: true });
await bundle();
const tsc = `${root}node_modules/typescript/bin/tsc`;
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
