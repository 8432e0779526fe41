import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root } from '../run.js';
import { ensure, manifest } from './manifest.js';

/** The demo runs in the repository: it compares the example API with other caches. */
const NOT_ALONE = ['demo'];
const COMPILER = join(root, 'node_modules/typescript/bin/tsc');
const CONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  },
};

/**
 * Copies each example out of the installed package into a folder of its own, as a reader does, and type-checks it there
 * against the package, beside the libraries that this repository has.
 */
export async function compileExamples(installed: string, folder: string): Promise<string> {
  const own = join(installed, 'node_modules', manifest.name);
  linkLibraries(join(folder, 'node_modules'), own);
  const names = readdirSync(join(own, 'examples')).filter((name) => !NOT_ALONE.includes(name));
  ensure(names.length > 10, `the package has only the examples ${names.join(', ')}`);
  for (const name of names) {
    const copy = join(folder, name);
    cpSync(join(own, 'examples', name), copy, { recursive: true });
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(CONFIG));
    writeFileSync(join(copy, 'package.json'), '{ "type": "module", "private": true }');
    await node([COMPILER, '-p', copy]).catch((error: Error) => {
      throw new Error(`examples/${name}: ${error.message}`, { cause: error });
    });
  }
  return `${names.length} copied out and compiled`;
}

/** The libraries of the repository, and the package that was installed in place of its own name. */
function linkLibraries(modules: string, own: string): void {
  const scope = manifest.name.split('/')[0] ?? '';
  mkdirSync(join(modules, scope), { recursive: true });
  const libraries = readdirSync(join(root, 'node_modules')).filter((name) => name !== scope);
  for (const name of libraries) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  symlinkSync(own, join(modules, manifest.name));
}
