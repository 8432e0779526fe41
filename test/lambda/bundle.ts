import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Format = 'esm' | 'cjs';

export interface Bundles {
  /** The task root of one format, with every function as `<name>.mjs` or `<name>.cjs`. */
  folder(format: Format): string;
  remove(): Promise<void>;
}

/** Bundles functions of a folder, from the source, one minified file each, as they are deployed. */
export async function bundleFunctions(
  names: readonly string[],
  formats: readonly Format[] = ['esm'],
  from = 'test/lambda/functions',
): Promise<Bundles> {
  const cache = join(root, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'functions-'));
  for (const format of formats) {
    await build({
      absWorkingDir: root,
      entryPoints: names.map((name) => `${from}/${name}.ts`),
      outdir: join(folder, format),
      outExtension: { '.js': format === 'esm' ? '.mjs' : '.cjs' },
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node20',
      format,
      logLevel: 'silent',
    });
  }
  return {
    folder: (format) => join(folder, format),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
