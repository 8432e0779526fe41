import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchPackage, type PinnedPackage, packageFolder } from './fetch-package.js';
import { run } from './run.js';

/** AWS's runtime interface client: the program that calls a handler on Lambda. Its third major runs on Node 20. */
export type ClientMajor = 3 | 4;

interface Client {
  readonly pinned: PinnedPackage;
  /** The program, within the package. */
  readonly program: string;
  /** Where the program looks for its native part. */
  readonly native: string;
}

const clients: Readonly<Record<ClientMajor, Client>> = {
  3: {
    pinned: {
      name: 'aws-lambda-ric',
      version: '3.3.0',
      integrity:
        'sha512-9p06TbKVK4a050NY/vYOxhMHvnIiUu5o1W0//q6yNLSqA/c91pn4BOj3C3sRTpplkUNsGJdU5qWyU2STo6L8hA==',
    },
    program: 'bin/index.mjs',
    native: 'dist/rapid-client.node',
  },
  4: {
    pinned: {
      name: 'aws-lambda-ric',
      version: '4.0.2',
      integrity:
        'sha512-FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==',
    },
    program: 'index.mjs',
    native: 'rapid-client.node',
  },
};

/** The headers for the native part, so that no machine needs those of Node itself. */
const nodeAPI: PinnedPackage = {
  name: 'node-api-headers',
  version: '1.9.0',
  integrity:
    'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
};
const nodeAddonAPI: PinnedPackage = {
  name: 'node-addon-api',
  version: '6.1.0',
  integrity:
    'sha512-+eawOlIgy680F0kBzPUNFhMZGtJ1YmqM6l4+Crf4IkImjYrO/mqPwRMh352g23uIaQKFItcQ64I7KMaJxHgAVA==',
};

/** The tools that build it, and the Debian packages that have them. */
const tools = { cmake: 'cmake', make: 'make', 'g++': 'g++', xz: 'xz-utils' } as const;
export const buildPackages = Object.values(tools).join(' ');
export const buildCure = `apt-get install -y ${buildPackages}`;

export const clientVersion = (major: ClientMajor): string => clients[major].pinned.version;

/** The path of the client's program. It runs when `runtimeClientProblem()` is undefined. */
export const clientProgram = (major: ClientMajor): string => inPackage(major, 'program');

/** Why this machine cannot run functions as Lambda does, and the cure; undefined when it can. */
export function runtimeClientProblem(): string | undefined {
  if (process.platform !== 'linux') return `aws-lambda-ric is for Linux, not ${process.platform}`;
  const built = ([3, 4] as const).every((major) => existsSync(inPackage(major, 'native')));
  return built ? undefined : 'aws-lambda-ric is not built: npx tsx scripts/setup.ts';
}

/** The tools that the build lacks on this machine, and the remedy. Undefined if none is missing or needed. */
export function buildToolsProblem(): string | undefined {
  if (process.platform !== 'linux' || runtimeClientProblem() === undefined) return undefined;
  const missing = Object.keys(tools).filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length === 0) return undefined;
  return `aws-lambda-ric cannot be built without ${missing.join(', ')}: ${buildCure}`;
}

/**
 * Fetches both majors and builds their native part, once, in about a minute. Both have the same source for it, which
 * uses nothing but Node-API: one binary serves every Node.
 */
export async function buildRuntimeClients(): Promise<void> {
  const folder = await fetchPackage(clients[4].pinned);
  await fetchPackage(clients[3].pinned);
  const work = await mkdtemp(join(dirname(folder), 'building-'));
  try {
    await cp(folder, work, { recursive: true });
    // The package's own script: libcurl and AWS's C++ client, as static libraries in deps/artifacts.
    await run('sh', ['scripts/preinstall.sh'], { cwd: work });
    const binary = await compile(work);
    for (const major of [3, 4] as const) {
      // A rename shows the file whole or not at all; what it replaces may be in use.
      const copy = `${binary}.${major}`;
      await copyFile(binary, copy);
      await rename(copy, inPackage(major, 'native'));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function compile(work: string): Promise<string> {
  const unused = join(work, 'unused');
  await mkdir(unused);
  // The source includes these and takes nothing from them.
  for (const header of ['uv.h', 'v8.h', 'node.h']) await writeFile(join(unused, header), '');
  const artifacts = join(work, 'deps/artifacts');
  const includes = [
    unused,
    join(await fetchPackage(nodeAPI), 'include'),
    await fetchPackage(nodeAddonAPI),
    join(artifacts, 'include'),
  ];
  const libraries = ['libaws-lambda-runtime.a', 'libcurl.a'];
  const binary = join(work, 'rapid-client.node');
  await run('g++', [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-pthread', '-DNAPI_VERSION=8'],
    ...includes.flatMap((folder) => ['-I', folder]),
    join(work, 'src/native/rapid-client.cc'),
    ...libraries.map((library) => join(artifacts, 'lib', library)),
    ...['-o', binary],
  ]);
  return binary;
}

function inPackage(major: ClientMajor, file: 'program' | 'native'): string {
  const client = clients[major];
  return join(packageFolder(client.pinned), client[file]);
}
