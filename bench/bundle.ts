import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** As a Lambda handler is bundled: one ESM file, minified, for Node, without a banner. */
const LIKE_A_HANDLER: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  // Without it the SDK's CommonJS is taken, which cannot be in an ES module without a banner that makes a require().
  mainFields: ['module', 'main'],
  target: 'node20',
  minify: true,
  logLevel: 'silent',
  // Libraries that run as they are installed.
  external: [
    'bentocache',
    'cache-manager',
    'cacheable',
    'ioredis',
    'layered-loader',
    'redis',
    'redis-5',
  ],
  outExtension: { '.js': '.mjs' },
};

/** The compiler's `paths` lead to the source: without them the package's name leads to its build. */
const FROM_BUILD = '{}';

const SDK_PROGRAMS = ['cold-sdk', 'cold-s3-sdk', 'warm-sdk'];
const PROGRAMS = [
  ...SDK_PROGRAMS,
  'cold-cache',
  'cold-s3',
  'cold-s3-store',
  'cold-warmed',
  'cold-bare',
  'cold-floor',
  'warm-cache',
  'warm-bare',
  'warm-floor',
  'memory',
  'fill',
  'miss',
  'metrics',
  'http',
  'down',
  'eviction',
  'heap',
  'tier',
  'warm-redis',
  'warm-node-redis',
  'serializers',
];

const entryPoint = (name: string) => `bench/programs/${name}.ts`;

export interface Bundles {
  readonly files: Readonly<Record<string, URL>>;
  remove(): Promise<void>;
}

/** Bundles every contestant from the build; those of the SDK also as CommonJS, from its CommonJS. */
export async function bundlePrograms(into: string): Promise<Bundles> {
  const outdir = await mkdtemp(join(into, 'programs-'));
  const options: BuildOptions = { ...LIKE_A_HANDLER, tsconfigRaw: FROM_BUILD, outdir };
  await build({ ...options, entryPoints: PROGRAMS.map(entryPoint) });
  await build({
    ...options,
    entryPoints: SDK_PROGRAMS.map(entryPoint),
    format: 'cjs',
    mainFields: ['main'],
    outExtension: { '.js': '.cjs' },
  });
  const file = (name: string) => pathToFileURL(join(outdir, name));
  return {
    files: Object.fromEntries([
      ...PROGRAMS.map((name) => [name, file(`${name}.mjs`)]),
      ...SDK_PROGRAMS.map((name) => [`${name}-cjs`, file(`${name}.cjs`)]),
    ]),
    remove: () => rm(outdir, { recursive: true, force: true }),
  };
}

/** The smallest handler, from the build or from the source, whose files say what each part weighs. */
export async function bundleSmallest(from: 'build' | 'source') {
  const { outputFiles, metafile } = await build({
    ...LIKE_A_HANDLER,
    ...(from === 'build' && { tsconfigRaw: FROM_BUILD }),
    entryPoints: [entryPoint('cold-cache')],
    outdir: join(root, '.cache'),
    write: false,
    metafile: true,
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs) as Metafile['outputs'][string][];
  if (!file || !output) throw new Error('esbuild wrote nothing');
  return { contents: file.contents, inputs: output.inputs };
}
