import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAMS = ['worker', 'cold-sdk', 'cold-cache'] as const;
export type Program = (typeof PROGRAMS)[number];

export interface Bundle {
  readonly file: URL;
  readonly bytes: number;
  readonly gzipped: number;
}
export type Bundles = Readonly<Record<Program, Bundle>>;

/**
 * Bundles programs as a Lambda handler is: one ES module each, minified, for Node. The folder goes when this process
 * ends.
 */
export async function bundlePrograms(): Promise<Bundles> {
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'demo-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS.map((name) => `examples/demo/programs/${name}.ts`),
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // Without it the SDK's CommonJS is taken, which an ES module can only hold with a banner that makes a require().
    mainFields: ['module', 'main'],
    target: 'node20',
    minify: true,
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
  const bundle = (name: Program): Bundle => {
    const path = join(outdir, `${name}.mjs`);
    return {
      file: pathToFileURL(path),
      bytes: statSync(path).size,
      gzipped: gzipSync(readFileSync(path), { level: 9 }).length,
    };
  };
  return {
    worker: bundle('worker'),
    'cold-sdk': bundle('cold-sdk'),
    'cold-cache': bundle('cold-cache'),
  };
}
