import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePages } from '../site/pages.js';
import { nameEntryPoints } from '../site/reference.js';
import { root, run } from './run.js';

const folder = join(root, 'site');
const lock = join(folder, 'package-lock.json');
const installed = join(folder, 'node_modules/.package-lock.json');
const bin = (name: string) => join(folder, 'node_modules', name);

/** Its tools have a lock file of their own: the reference needs another compiler than the package. */
async function installTools(): Promise<void> {
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

/** Builds the site into `site/dist`. */
export async function buildSite(): Promise<string> {
  await installTools();
  await writePages();
  await run(process.execPath, [bin('typedoc/bin/typedoc'), '--options', 'typedoc.json'], {
    cwd: folder,
  });
  await nameEntryPoints();
  await run(process.execPath, [bin('vitepress/bin/vitepress.js'), 'build'], { cwd: folder });
  return join(folder, 'dist');
}

if (import.meta.filename === process.argv[1]) console.log(await buildSite());
