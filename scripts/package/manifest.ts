import { readFileSync } from 'node:fs';
import { root } from '../run.js';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, object | string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { optional?: boolean }>>;
}

export const manifest: Manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** As they are imported: '@glasswork/cache', '@glasswork/cache/memory', … */
export const entryPoints = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => manifest.name + subpath.slice(1));

/** Entry points whose users have their peers anyway, because these are loaded with them. */
const NEED_PEERS = ['/cdk'].map((subpath) => manifest.name + subpath);
export const withoutPeers = entryPoints.filter((name) => !NEED_PEERS.includes(name));

/** The environment without anything that an AWS client or a package manager's script would pick up. */
export function bareEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR, ...extra };
}

export function ensure(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
