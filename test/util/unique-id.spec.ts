import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { expect, it } from 'vitest';
import { uniqueId } from '../../src/util/unique-id.js';

it('gives each id once', () => {
  const ids = Array.from({ length: 10_000 }, uniqueId);
  expect(new Set(ids).size).toBe(10_000);
  // Redis holds ids of this length.
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
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
