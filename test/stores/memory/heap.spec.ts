import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Setting, SHAPES } from '../../../bench/heap/growth.js';

const MAX_BYTES = 8 * 1024 * 1024;
const tsx = createRequire(import.meta.url).resolve('tsx');
const module = fileURLToPath(new URL('../../../bench/heap/growth.ts', import.meta.url));

/** In a process of its own, where nothing else grows. */
function growth(setting: Setting): number {
  const program = `import { heapGrowth } from ${JSON.stringify(module)};
    console.log(await heapGrowth(${JSON.stringify(setting)}));`;
  const args = ['--import', tsx, '--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (stderr) throw new Error(stderr);
  return Number(stdout);
}

describe('the heap of a full memory store', () => {
  const cases = Object.keys(SHAPES).flatMap((shape) => [
    { shape, frozen: false },
    { shape, frozen: true },
  ]);
  it.each(cases)('is about its maxBytes with $shape (frozen: $frozen)', (setting) => {
    const times = growth({ ...setting, maxBytes: MAX_BYTES });
    expect(times).toBeGreaterThan(0.6);
    expect(times).toBeLessThan(1.5);
  });
});
