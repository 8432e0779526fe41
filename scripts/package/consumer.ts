import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, run } from '../run.js';
import { bareEnvironment, ensure, manifest, withoutPeers } from './manifest.js';

/** An empty project with the tarball in it and nothing else; `--offline` proves that nothing else is asked for. */
export async function install(folder: string, tarball: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  );
  const started = performance.now();
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  const listed: { dependencies?: Record<string, unknown> } = JSON.parse(
    await run('npm', ['ls', '--all', '--json'], { cwd: folder }),
  );
  const installed = Object.keys(listed.dependencies ?? {});
  ensure(installed.join() === manifest.name, `installed ${installed.join(', ')}`);
  return `1 package, no peer, in ${Math.round(performance.now() - started)} ms`;
}

/** Imports every entry point that loads no peer in one process: no peer is there, and all of them must share one error class. */
export async function importEntryPoints(folder: string): Promise<string> {
  const script = `
    const counts = [];
    const errors = new Set();
    for (const name of ${JSON.stringify(withoutPeers)}) {
      const module = await import(name);
      counts.push(Object.keys(module).length);
      if (module.CacheError) errors.add(module.CacheError);
    }
    const manifest = await import('${manifest.name}/package.json', { with: { type: 'json' } });
    console.log(JSON.stringify({ counts, errors: errors.size, version: manifest.default.version }));`;
  const output = await node(['--no-warnings', '--input-type=module', '--eval', script], {
    cwd: folder,
    env: bareEnvironment(),
  });
  const seen: { counts: number[]; errors: number; version: string } = JSON.parse(output);
  ensure(seen.errors === 1, `${seen.errors} CacheError classes across the entry points`);
  ensure(seen.version === manifest.version, `the installed version is ${seen.version}`);
  const empty = withoutPeers.filter((_, index) => !seen.counts[index]);
  ensure(empty.length === 0, `nothing exported from ${empty.join(', ')}`);
  return `${withoutPeers.length} entry points without peers, ${seen.counts.join(' + ')} exports, 1 CacheError`;
}

/** The exports that need an optional peer, and the package that their error has to name. */
const NEEDS_PEER = [
  {
    peer: '@aws-sdk/credential-providers',
    code: 'NO_CREDENTIALS',
    script: `
      import { DynamoDBCacheStore } from '${manifest.name}/dynamodb';
      const store = new DynamoDBCacheStore({ tableName: 'cache', region: 'eu-central-1' });
      const use = () => store.get('key');`,
  },
  {
    peer: 'ioredis',
    code: 'MISSING_PEER',
    script: `
      import { RedisCacheStore } from '${manifest.name}/redis';
      const store = new RedisCacheStore({ url: 'redis://127.0.0.1:1' });
      const use = () => store.get('key');`,
  },
];

export async function missingPeers(folder: string): Promise<string> {
  for (const { peer, code, script } of NEEDS_PEER) {
    const report = `
      const error = await use().then(() => undefined, (reason) => reason);
      console.log(JSON.stringify({ name: error?.name, code: error?.code, message: error?.message }));`;
    const output = await node(['--input-type=module', '--eval', script + report], {
      cwd: folder,
      env: bareEnvironment(),
    });
    const error: { name?: string; code?: string; message?: string } = JSON.parse(output);
    ensure(
      error.name === 'CacheError' && error.code === code && error.message?.includes(peer),
      `without ${peer} the error is ${output}: it should be a CacheError ${code} naming the package`,
    );
  }
  return `${NEEDS_PEER.length} named in its error: ${NEEDS_PEER.map(({ peer }) => peer).join(', ')}`;
}
