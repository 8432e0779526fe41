import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, importEntrances, install, missingPeers } from './package/consumer.js';
import { bundleHandler, runHandler, sizes, treeShaking } from './package/handler.js';
import { contents, lint, pack, type Tarball, types } from './package/pack.js';
import { entrances, node, root } from './package/run.js';

/**
 * The bytes, gzipped, that the cache may add to a handler. The aim is 12 KB, which the benchmark holds it against; this
 * only keeps it from growing.
 */
const HANDLER_LIMIT = 19_700;

// The SDK only creates the table here; its advice on Node versions would hide a line of the report.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'glasswork-cache-')));
const consumer = join(folder, 'consumer');

/** Prints what was measured, or what is wrong; the other steps go on where they can. */
async function step<T>(
  name: string,
  action: () => T | Promise<T>,
  measured: (result: T) => string = String,
): Promise<T | undefined> {
  try {
    const result = await action();
    console.log(`${name.padEnd(14)} ${measured(result)}`);
    return result;
  } catch (error) {
    console.log(`${name.padEnd(14)} FAILED ${(error as Error).message}`);
    process.exitCode = 1;
    return undefined;
  }
}

async function build(): Promise<string> {
  await node(['--import', 'tsx', join(root, 'scripts/build.ts')]);
  const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  const modules = files.filter((file) => file.endsWith('.js'));
  return `${entrances.length} entrances, ${modules.length} modules`;
}

async function checkTarball(): Promise<Tarball | undefined> {
  const tarball = await step('pack', () => pack(folder), describePack);
  if (!tarball) return undefined;
  await step('contents', () => contents(tarball));
  await step('publint', () => lint(tarball));
  await step('types', () => types(tarball));
  await step('sizes', sizes);
  return tarball;
}

function describePack({ files, size, unpackedSize }: Tarball): string {
  return `${files.length} files, ${size} bytes packed, ${unpackedSize} unpacked`;
}

async function checkInstalled(tarball: Tarball): Promise<void> {
  if (!(await step('install', () => install(consumer, tarball.path)))) return;
  await step('import', () => importEntrances(consumer));
  await step('missing peers', () => missingPeers(consumer));
  await step('compile', () => compile(consumer));
  await step('bundle', () => bundleHandler(consumer, HANDLER_LIMIT));
  await step('tree-shaking', () => treeShaking(consumer));
  await step('run', () => runHandler(consumer));
}

try {
  const tarball = (await step('build', build)) && (await checkTarball());
  if (tarball) await checkInstalled(tarball);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
