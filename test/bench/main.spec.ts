import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const bench = (...argv: string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    const args = ['--import', 'tsx', 'bench/main.ts', ...argv];
    execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });

it('ends with 2 for arguments that cannot be used, and measures nothing', async () => {
  const { code, stdout, stderr } = await bench('--only', 'everything');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('none of cold, share, size, warm, batch, redis');
});

it('explains itself', async () => {
  const { code, stdout } = await bench('--help');
  expect(code).toBe(0);
  for (const option of ['--only', '--rounds', '--json']) expect(stdout).toContain(option);
});
