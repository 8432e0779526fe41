import { spawnSync } from 'node:child_process';
import { chromiumCure, chromiumPackage, chromiumProblem } from './chromium.js';
import {
  dynamoDBSimulator,
  fetchPackage,
  hasNode,
  isFetched,
  nodeBinary,
  nodeMajors,
} from './fetch-package.js';
import { findJava, javaCure, javaPackage, javaProblem } from './java.js';
import { redisCure, redisPackage, redisProblem } from './redis.js';
import {
  buildCure,
  buildPackages,
  buildRuntimeClients,
  buildToolsProblem,
  runtimeClientProblem,
} from './runtime-client.js';

// The needs of `npm test` beyond `npm ci`: a Node that is new enough, Java, DynamoDB Local, Redis, AWS's runtime client
// and the Nodes that it runs on. Silent when all is there.

const requiredNode = [20, 16] as const;

checkNode();
installPackage({
  problem: () => javaProblem(findJava()),
  // Each release of Debian and Ubuntu has but some of the Java versions; newer ones have no 17.
  packages: [javaPackage, 'default-jre-headless'],
  cure: javaCure,
  what: 'a Java runtime',
  suites: 'DynamoDB Local',
});
installPackage({
  problem: redisProblem,
  packages: [redisPackage],
  cure: redisCure,
  what: 'a Redis server',
  suites: 'Redis',
});
installPackage({
  problem: buildToolsProblem,
  packages: [buildPackages],
  cure: buildCure,
  what: 'cmake, make, g++ and xz',
  suites: 'AWS Lambda',
});
installPackage({
  problem: chromiumProblem,
  packages: [chromiumPackage],
  cure: chromiumCure,
  what: 'Chromium',
  suites: 'the documentation site',
});
await fetchDynamoDBLocal();
await prepareLambda();

function checkNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = requiredNode;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  console.error(
    `setup: Node ${process.versions.node} is too old, ${requiredNode.join('.')} or later is needed`,
  );
  process.exit(1);
}

/** Packages of the system: as root on Debian and Ubuntu this installs them, elsewhere the reader does. */
function installPackage(needed: {
  readonly problem: () => string | undefined;
  /** The first that this system has, where it may be several with blanks between them. */
  readonly packages: readonly string[];
  readonly cure: string;
  readonly what: string;
  readonly suites: string;
}): void {
  const { problem, packages, cure, what, suites } = needed;
  const missing = problem();
  if (missing === undefined) return;
  console.log(`setup: ${missing}`);
  const hasApt = spawnSync('apt-get', ['--version']).error === undefined;
  if (hasApt && process.getuid?.() === 0) {
    apt('update', '-q');
    packages.some(install);
  } else if (hasApt) {
    console.log(`setup: run this, then try again:\n  sudo apt-get update && sudo ${cure}`);
  } else {
    console.log(`setup: install ${what} with this system's package manager, then try again`);
  }
  if (problem() === undefined) return;
  if (process.env.CI) process.exit(1);
  console.log(`setup: going on without it; the test suites that need ${suites} will be skipped`);
}

function install(names: string): boolean {
  return apt('install', '-y', '-q', '--no-install-recommends', ...names.split(' '));
}

function apt(...args: string[]): boolean {
  console.log(`setup: apt-get ${args.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: 'inherit', env }).status === 0;
}

async function fetchDynamoDBLocal(): Promise<void> {
  if (isFetched(dynamoDBSimulator)) return;
  const { name, version } = dynamoDBSimulator;
  await prepare(`fetching DynamoDB Local, in ${name}@${version} (54 MB, once)`, async () => {
    await fetchPackage(dynamoDBSimulator);
  });
}

/** The tests run functions as Lambda does, on each of its Nodes. */
async function prepareLambda(): Promise<void> {
  if (process.platform !== 'linux') return;
  if (runtimeClientProblem() !== undefined && buildToolsProblem() === undefined) {
    await prepare("building AWS's runtime client, aws-lambda-ric (once)", buildRuntimeClients);
  }
  for (const major of nodeMajors) {
    if (runtimeClientProblem() !== undefined || process.arch !== 'x64' || hasNode(major)) continue;
    await prepare(`fetching Node ${major} (40 MB, once)`, async () => {
      await nodeBinary(major);
    });
  }
}

async function prepare(what: string, action: () => Promise<void>): Promise<void> {
  console.log(`setup: ${what}`);
  try {
    await action();
  } catch (error) {
    console.error(`setup: ${error instanceof Error ? error.message : error}`);
    if (process.env.CI) process.exit(1);
    console.log('setup: going on without it; the test suites that need it will be skipped');
  }
}
