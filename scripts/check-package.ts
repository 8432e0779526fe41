import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, importEntrances, install, missingPeers } from './package/consumer.js';
import { bundleHandler, runHandler, sizes, treeShaking } from './package/handler.js';
import { contents, lint, pack, types } from './package/pack.js';
import { node, root } from './package/run.js';

/** The bytes, gzipped, that the cache may add to a handler. */
const HANDLER_LIMIT = 12_000;

// The SDK only creates the table here; its advice on Node versions would hide a line of the report.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'glasswork-cache-')));
const consumer = join(folder, 'consumer');

async function step<T>(
  name: string,
  action: () => T | Promise<T>,
  measured: (result: T) => string = String,
): Promise<T> {
  try {
    const result = await action();
    console.log(`${name.padEnd(14)} ${measured(result)}`);
    return result;
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

try {
  await step(
    'build',
    () => node(['--import', 'tsx', join(root, 'scripts/build.ts')]),
    () => 'dist',
  );
  const tarball = await step(
    'pack',
    () => pack(folder),
    ({ files, size, unpackedSize }) =>
      `${files.length} files, ${size} bytes packed, ${unpackedSize} unpacked`,
  );
  await step('contents', () => contents(tarball));
  await step('publint', () => lint(tarball));
  await step('types', () => types(tarball));
  await step('sizes', sizes);
  await step('install', () => install(consumer, tarball.path));
  await step('import', () => importEntrances(consumer));
  await step('missing peers', () => missingPeers(consumer));
  await step('compile', () => compile(consumer));
  await step('bundle', () => bundleHandler(consumer, HANDLER_LIMIT));
  await step('tree-shaking', () => treeShaking(consumer));
  await step('run', () => runHandler(consumer));
} catch (error) {
  console.error(`\nFAILED ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
