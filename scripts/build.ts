import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.js';
import { root } from './run.js';

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
await bundle(join(root, 'dist'));
const tsc = `${root}node_modules/typescript/bin/tsc`;
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status === 0) writeCommonJSTypes();
process.exitCode = status ?? 1;
