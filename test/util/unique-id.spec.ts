import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect, it } from 'vitest';
import { uniqueId } from '../../src/util/unique-id.js';

it('gives ids of 128 bits, each of them once', () => {
  const ids = Array.from({ length: 10_000 }, uniqueId);
  expect(new Set(ids).size).toBe(10_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  // No bit is always the same.
  const bits = Array.from({ length: 128 }, (_, n) => {
    const digit = (id: string) => Number.parseInt(id[n >> 2] ?? '', 16);
    return ids.filter((id) => digit(id) & (1 << (n & 3))).length;
  });
  for (const set of bits) expect(Math.abs(set - 5_000)).toBeLessThan(500);
});

it('loads no Web Crypto', () => {
  const entry = fileURLToPath(new URL('../../src/util/unique-id.ts', import.meta.url));
  const { outputFiles } = buildSync({ entryPoints: [entry], format: 'esm', write: false });
  const code = `${outputFiles[0]?.text}
    uniqueId();
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => /webcrypto/i.test(name))));`;
  const options = ['--input-type=module', '-e', code];
  expect(JSON.parse(execFileSync(process.execPath, options).toString())).toEqual([]);
});
