import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { structuredSerializer } from '@glasswork/cache';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasNode, nodeBinary } from '../../scripts/fetch-package.js';
import { type Bundles, bundleFunctions } from '../lambda/bundle.js';
import { check, VALUE } from './node-versions-program.js';

describe('what the serializers write', () => {
  const text = String(structuredSerializer.serialize(VALUE(), 'key'));
  let bundles: Bundles;
  beforeAll(async () => {
    bundles = await bundleFunctions(['node-versions-program'], ['esm'], 'test/serializers');
  });
  afterAll(() => bundles.remove());

  it('is read by the version that wrote it', () => {
    expect(check(text)).toMatch(/zstd/);
  });

  it.each([22, 24, 26] as const)(
    'is read and written alike by Node %i, which has zstd',
    async (major) => {
      expect(hasNode(major), 'npx tsx scripts/setup.ts fetches it').toBe(true);
      const program = `${bundles.folder('esm')}/node-versions-program.mjs`;
      const { stdout } = await promisify(execFile)(await nodeBinary(major), [program, text]);
      expect(stdout.trim()).toBe('zstd');
    },
  );
});
