import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onLambda, turns } from './helpers.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lambda = onLambda();
let folder: string;

beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(join(root, '.cache/process-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the code as a module of its own. */
async function run(code: string, format: 'esm' | 'cjs' = 'esm') {
  const file = join(folder, `index.${format === 'esm' ? 'mjs' : 'cjs'}`);
  const contents = `import { afterResponse } from './src/lambda/index.js';\n${code}`;
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile: file,
    bundle: true,
    platform: 'node',
    format,
  });
  const env = { ...process.env, AWS_LAMBDA_RUNTIME_API: lambda.server.api };
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [file], { env, timeout: 300_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
    });
  });
}

describe('a process with an extension', () => {
  it('lives while the extension registers, and is not kept alive by its wait for events', async () => {
    lambda.server.holdRegistration = lambda.server.registered().then(turns);
    const { code, stdout, stderr } = await run(`
      console.log((await afterResponse()).mode);
      // Time for its wait to begin.
      setTimeout(() => {}, 300);`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'extension\n', stderr: '' });
    expect(lambda.server.asked).toBe(1);
  });

  it('is not kept alive by a handler that is over, nor by work that is waited for', async () => {
    void lambda.server.parked().then((parked) => parked.invoke('1'));
    const { code, stdout } = await run(`
      const after = await afterResponse({ maxWait: '1h' });
      const handler = after.handler(async (_event: unknown, _context: object) => {
        after.waitUntil(new Promise(() => {}));
        return 'answer';
      });
      const context = { awsRequestId: '1', getRemainingTimeInMillis: () => 3_600_000 };
      console.log(await handler({}, context));
      // The event is read by then, and the work waited for.
      setTimeout(() => {}, 300);`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'answer\n' });
  });

  it('lives on in mode "await" until the wait is over: an empty event loop would end it', async () => {
    const { code, stdout } = await run(`
      const after = await afterResponse({ mode: 'await', maxWait: '50ms' });
      const handler = after.handler(async (_event: unknown, _context: object) => {
        after.waitUntil(new Promise(() => {}));
        return 'answer';
      });
      console.log(await handler({}, {}));`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'answer\n' });
  });

  it('ends in mode "await" when the work does, however long the wait may be', async () => {
    const { stdout } = await run(`
      const after = await afterResponse({ mode: 'await', maxWait: '1h' });
      const handler = after.handler(async (_event: unknown, _context: object) => {
        after.waitUntil(new Promise((done) => setTimeout(done, 10)));
        return 'answer';
      });
      await handler({}, {});
      console.log(process.getActiveResourcesInfo().includes('Timeout'));
      process.exit();`);
    expect(stdout).toBe('false\n');
  });

  it('may be CommonJS, where nobody waits for the registration', async () => {
    const { code, stdout } = await run(
      `void afterResponse().then(({ mode }) => console.log(mode));`,
      'cjs',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'extension\n' });
  });
});
