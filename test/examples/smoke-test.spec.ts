import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { smokeTest } from '../../examples/smoke-test/smoke-test.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

let dynalite: Dynalite;
let tableName: string;
beforeAll(async () => {
  dynalite = await startDynalite();
  tableName = await createCacheTable(dynalite.endpoint);
});
afterAll(() => dynalite?.stop());

const variables = () => ({
  AWS_REGION: 'eu-central-1',
  AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

describe('the smoke test of a deployment', () => {
  const output: string[] = [];
  beforeEach(() => {
    output.length = 0;
    for (const [name, value] of Object.entries(variables())) vi.stubEnv(name, value);
    for (const method of ['log', 'error', 'warn'] as const)
      vi.spyOn(console, method).mockImplementation((text: unknown) => output.push(String(text)));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('passes on the table of the cache, also at once with another', async () => {
    expect(await Promise.all([smokeTest(tableName, 'a'), smokeTest(tableName, 'a')])).toEqual([
      0, 0,
    ]);
    expect(output).toEqual([
      `The cache works: table "${tableName}", prefix "a".`,
      `The cache works: table "${tableName}", prefix "a".`,
    ]);
  });

  it('says which step failed, why, and what to do', async () => {
    expect(await smokeTest('missing', 'a')).toBe(1);
    expect(output).toHaveLength(1);
    expect(JSON.parse(output[0] ?? '')).toMatchObject({
      code: 'STORE_FAILED',
      subject: 'read',
      message: expect.stringMatching(
        /read failed: DynamoDB: .*Create the table "missing" in eu-central-1/,
      ),
      cause: { name: 'CacheError', cause: { name: 'ResourceNotFoundException' } },
    });
  });
});

it('ends with an exit code that a pipeline stops at', async () => {
  const run = (CACHE_TABLE: string) =>
    promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'examples/smoke-test/smoke-test.ts'],
      { cwd: root, env: { ...process.env, ...variables(), CACHE_TABLE } },
    );
  expect((await run(tableName)).stdout).toContain('The cache works');
  await expect(run('missing')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Create the table'),
  });
});
