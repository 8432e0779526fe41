import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDynalite } from '../test/servers/dynalite.js';
import { createCacheTable, credentials, region } from '../test/servers/table.js';
import { importEntryPoints, install, missingPeers } from './package/consumer.js';
import { compileExamples } from './package/examples.js';
import { bundleHandler, runHandler, sizes, treeShaking } from './package/handler.js';
import { entryPoints } from './package/manifest.js';
import { contents, lint, pack, type Tarball, types } from './package/pack.js';
import { type Project, projects } from './package/projects/index.js';
import { openWorkshop, runProject, type Workshop } from './package/run-project.js';
import { installTools } from './package/tools.js';
import { node, root } from './run.js';

// Builds the package, packs it, and uses the tarball as its users do. `npm run check:package -- Jest` runs only the
// projects whose name has that in it.

/**
 * The bytes, gzipped, that the cache may add to a handler. The benchmark has the aim; this only keeps it from growing.
 */
const HANDLER_LIMIT = 43_400;
/** Projects at a time. More of them only wait for each other on two cores. */
const LANES = 2;

const [only = ''] = process.argv.slice(2);

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
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(7);
  try {
    const result = await action();
    console.log(`${name.padEnd(28)} ${seconds()}  ${measured(result)}`);
    return result;
  } catch (error) {
    console.log(`${name.padEnd(28)} ${seconds()}  FAILED ${(error as Error).message}`);
    process.exitCode = 1;
    return undefined;
  }
}

async function build(): Promise<string> {
  await node(['--import', 'tsx', join(root, 'scripts/build.ts')]);
  const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' });
  const count = (extension: string) => files.filter((file) => file.endsWith(extension)).length;
  return `${entryPoints.length} entry points, ${count('.js')} ES modules, ${count('.cjs')} of CommonJS`;
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
  await step('import', () => importEntryPoints(consumer));
  await step('missing peers', () => missingPeers(consumer));
  await step('bundle', () => bundleHandler(consumer, HANDLER_LIMIT));
  await step('tree-shaking', () => treeShaking(consumer));
  await step('run', () => runHandler(consumer));
  await step('examples', () => compileExamples(consumer, join(folder, 'examples')));
  await checkProjects();
}

async function checkProjects(): Promise<void> {
  const tools = await step('tools', installTools, () => 'installed from their own lock file');
  if (!tools) return;
  const { endpoint, stop } = await startDynalite();
  try {
    const workshop = openWorkshop(join(folder, 'workshop'), consumer, tools, {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      CACHE_TABLE: await createCacheTable(endpoint),
    });
    const waiting = projects.filter(({ name }) => name.includes(only));
    await Promise.all(Array.from({ length: LANES }, () => work(waiting, workshop)));
  } finally {
    await stop();
  }
}

async function work(waiting: Project[], workshop: Workshop): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const project = next;
    await step(project.name, () => runProject(project, workshop));
  }
}

try {
  const tarball = (await step('build', build)) && (await checkTarball());
  if (tarball) await checkInstalled(tarball);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
