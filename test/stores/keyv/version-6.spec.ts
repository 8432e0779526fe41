import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { hasNode, nodeBinary } from '../../../scripts/fetch-package.js';
import { startDynalite } from '../../servers/dynalite.js';
import { describeWithRedis } from '../../servers/redis-available.js';
import { createCacheTable } from '../../servers/table.js';

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs version-6.ts on Node 22, which Keyv 6 needs, and returns what it prints. */
async function outcomes(env: Record<string, string>): Promise<Outcome[]> {
  // In the project, so that it finds the packages there.
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache', 'keyv-6-'));
  try {
    const outfile = join(folder, 'program.mjs');
    await build({
      absWorkingDir: root,
      entryPoints: ['test/stores/keyv/version-6.ts'],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node22',
      format: 'esm',
      external: ['keyv-6', 'ioredis', 'devalue'],
      logLevel: 'silent',
    });
    const { stdout } = await promisify(execFile)(await nodeBinary(22), [outfile], {
      env: { PATH: process.env.PATH, ...env },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describeWithRedis('with a server', async (url) => {
  const dynalite = await startDynalite();
  afterAll(() => dynalite.stop());
  const ENDPOINT = dynalite.endpoint;
  const found = hasNode(22)
    ? await outcomes({ ENDPOINT, TABLE: await createCacheTable(ENDPOINT), REDIS: url })
    : [];

  describe('Keyv 6 on Node 22', () => {
    it('is tested (npx tsx scripts/setup.ts fetches Node 22)', () => {
      expect(found.length).toBeGreaterThan(100);
    });
    it.each(found)('$name', ({ error }) => {
      expect(error).toBeUndefined();
    });
  });
});
