import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { STORES } from '../../src/cli/init/blueprint.js';
import { TOOLS, templateFor } from '../../src/cli/init/instructions.js';
import { DynamoDBCacheStore } from '../../src/stores/dynamodb/index.js';
import { denied, startAnsweringProxy } from '../servers/answering-proxy.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { failure } from '../servers/s3-bucket.js';
import { credentials as s3Credentials, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable, credentials, region } from '../servers/table.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();
let folder = mkdtempSync(join(tmpdir(), 'init-'));
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  folder = mkdtempSync(join(tmpdir(), 'init-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const init = (...args: string[]) => cli.run(['init', ...args], { cwd: folder });

describe('init', () => {
  it.each(TOOLS)('prints the template for %s, and the steps apart from it', async (tool) => {
    const { code, stdout, stderr } = await init(tool);
    expect({ code, stdout }).toEqual({ code: 0, stdout: templateFor(tool, 'dynamodb').text });
    expect(stderr).toMatch(/^\nThis is [\w./-]+\. Next:\n1\. /);
    expect(stderr).toContain('glasswork-cache doctor');
  });

  it.each(STORES)('takes the store %s, as JSON too', async (store) => {
    const { code, stdout } = await init('cloudformation', '--store', store, '--json');
    expect(code).toBe(0);
    const { text, steps } = templateFor('cloudformation', store);
    expect(JSON.parse(stdout)).toMatchObject({ store, text, steps, written: false });
  });

  it('writes a new file, and never over one that exists', async () => {
    expect(await init('sst', '--out', 'infra/cache.ts')).toMatchObject({
      ...{
        code: 0,
        stdout: '',
        stderr: expect.stringMatching(/^Wrote infra\/cache\.ts\. Next:\n1\. /),
      },
    });
    const file = join(folder, 'infra/cache.ts');
    expect(readFileSync(file, 'utf8')).toBe(templateFor('sst', 'dynamodb').text);
    writeFileSync(file, 'mine');
    const again = await init('sst', '--out', 'infra/cache.ts');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('not overwritten') });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('adds to a template, once', async () => {
    const file = join(folder, 'stack.yaml');
    writeFileSync(file, 'Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n');
    expect(await init('cloudformation', '--into', 'stack.yaml')).toMatchObject({ code: 0 });
    const merged = readFileSync(file, 'utf8');
    expect(merged).toMatch(/^ {2}CacheTable:$/m);
    expect(merged).toMatch(/^ {2}Queue:$/m);
    expect(await init('cloudformation', '--into', 'stack.yaml')).toMatchObject({ code: 2 });
    expect(readFileSync(file, 'utf8')).toBe(merged);
  });

  it('adds to a template of SAM with Globals, and says what to paste', async () => {
    const existing =
      'Transform: AWS::Serverless-2016-10-31\nGlobals:\n  Function:\n    Timeout: 9\n';
    writeFileSync(join(folder, 'template.yaml'), existing);
    const { code, stdout } = await init('sam', '--into', 'template.yaml', '--json');
    expect(code).toBe(0);
    const { steps, written, file } = JSON.parse(stdout);
    expect({ written, file }).toEqual({ written: true, file: 'template.yaml' });
    expect(steps[0]).toContain('CACHE_TABLE: !Ref CacheTable');
    const merged = readFileSync(join(folder, 'template.yaml'), 'utf8');
    expect(merged.startsWith(existing)).toBe(true);
    expect(merged).toMatch(/^ {2}CacheTable:$/m);
  });

  it.each(['a.json', 'a.txt'])('leaves %s as it was, because it is no template', async (file) => {
    const text = file === 'a.json' ? '{ "Resources": {} }' : 'Dear all,\n';
    writeFileSync(join(folder, file), text);
    expect(await init('cloudformation', '--into', file)).toMatchObject({ code: 2, stdout: '' });
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });

  it.each([
    ['a folder', ['--out', '.'], 'exists'],
    ['a folder to add to', ['--into', '.'], 'is a folder'],
    ['a path below a file', ['--out', 'file/x.yaml'], 'is below a file'],
    ['a file without a name', ['--out', ''], '""'],
    ['a file that may not be written', ['--out', '/proc/cache.yaml'], '/proc/cache.yaml'],
  ])('names %s', async (_what, args, message) => {
    writeFileSync(join(folder, 'file'), 'mine');
    const { code, stdout, stderr } = await init('cloudformation', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['an unknown tool', ['pulumi'], 'There is no template for'],
    ['an unknown store', ['sam', '--store', 'disk'], 'disk'],
    ['two files', ['sam', '--out', 'a', '--into', 'b'], 'Give --out or --into.'],
    ['a file to add to that is missing', ['sam', '--into', 'none.yaml'], 'does not exist'],
    ['adding to a file of Terraform', ['terraform', '--into', 'none.tf'], '--into knows'],
  ])('refuses %s', async (_what, args, message) => {
    expect(await init(...args)).toMatchObject({
      ...{ code: 2, stdout: '', stderr: expect.stringContaining(message) },
    });
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });
});

describe('conformance', () => {
  let server: Dynalite;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());

  it('runs the suite on a table, and leaves no value behind', async () => {
    const where = [
      '--table',
      await createCacheTable(server.endpoint),
      '--endpoint',
      server.endpoint,
    ];
    const { code, stdout } = await cli.run(['conformance', '--json', '--case', 'fill', ...where]);
    const report: { passed: number; failed: number; cases: { name: string; outcome: string }[] } =
      JSON.parse(stdout);
    expect(report.cases.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(code).toBe(0);
    expect(report.passed).toBeGreaterThan(20);
    const left = await cli.run(['ls', '--all', '--json', ...where]);
    expect(left.stdout).toBe('');
  });

  it('refuses to pass without a case, and names a table that is missing', async () => {
    const table = await createCacheTable(server.endpoint);
    const where = ['--endpoint', server.endpoint, '--table'];
    const none = await cli.run(['conformance', '--case', 'no such case', ...where, table]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    const missing = await cli.run(['conformance', ...where, 'nowhere']);
    expect(missing).toMatchObject({ code: 3, stdout: '' });
    expect(missing.stderr).toContain('nowhere');
  });

  it('says of each case if it passed, and why not', async () => {
    const table = await createCacheTable(server.endpoint);
    let left = 1;
    const proxy = await startAnsweringProxy(server.endpoint, ({ action }) =>
      /^(Put|Update)Item$/.test(action) && left-- > 0 ? denied(action) : undefined,
    );
    onTestFinished(() => proxy.stop());
    const where = ['--table', table, '--endpoint', proxy.endpoint];
    const run = (...args: string[]) =>
      cli.run(['conformance', '--case', 'adds ', ...args, ...where]);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^FAIL {2}adds only if there is no value\n {6}\S.*\nok {4}accepts [\w ]+ after a deletion\nok {4}adds a copy\n\n2 cases passed, 1 failed, 1 skipped\n$/,
    );
    left = 1;
    expect(JSON.parse((await run('--json')).stdout)).toEqual({
      ...{ passed: 2, failed: 1, skipped: 1 },
      cases: [
        { name: 'adds with the given ttl', outcome: 'skipped', why: expect.stringMatching(/\S/) },
        {
          name: 'adds only if there is no value',
          outcome: 'failed',
          why: expect.stringMatching(/\S/),
        },
        { name: expect.stringMatching(/^accepts /), outcome: 'passed' },
        { name: 'adds a copy', outcome: 'passed' },
      ],
    });
    const sound = await run();
    expect(sound.code).toBe(0);
    expect(sound.stdout).toMatch(/\n3 cases passed, 0 failed, 1 skipped\n$/);
  });

  it('removes its own values from a table, and nothing of others', async () => {
    const table = await createCacheTable(server.endpoint);
    const options = { tableName: table, endpoint: server.endpoint, region };
    const store = new DynamoDBCacheStore({ ...options, credentials: async () => credentials });
    onTestFinished(() => store.close());
    await store.set('kept', 1, 60);
    const where = ['--table', table, '--endpoint', server.endpoint];
    const run = (part: string) => cli.run(['conformance', '--case', part, ...where]);
    const written = await run('writes a batch as copies');
    expect(written.code).toBe(0);
    expect(written.stdout).toContain('ok    writes a batch as copies\n');
    expect((await run('overwrites')).code).toBe(0);
    // Patterns and \`clear\` would concern the keys of others.
    expect(await run('clears all keys')).toMatchObject({ code: 2, stdout: '' });
    const keys = await cli.run(['ls', '--all', '--json', ...where]);
    expect(
      keys.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).key),
    ).toEqual(['kept']);
  });

  it('clears the bucket below its own prefix', async () => {
    const endpoint = await startS3Endpoint();
    onTestFinished(() => endpoint.stop());
    const bucket = endpoint.createBucket('cache-bucket', 'eu-central-1');
    bucket.put('cache/v/kept', 'a value of a service');
    const { accessKeyId, secretAccessKey } = s3Credentials;
    const { code, stdout } = await cli.run(
      [
        ...['conformance', '--case', 'clears all keys', '--bucket', 'cache-bucket'],
        ...['--region', 'eu-central-1', '--endpoint', endpoint.endpoint],
      ],
      { env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } },
    );
    expect([code, stdout]).toEqual([
      ...[0, 'ok    clears all keys\n\n1 case passed, 0 failed, 0 skipped\n'],
    ]);
    expect([...bucket.objects.keys()]).toEqual(['cache/v/kept']);
  });

  it('runs the suite on a bucket, below the prefix of the store alone', async () => {
    const endpoint = await startS3Endpoint();
    onTestFinished(() => endpoint.stop());
    const bucket = endpoint.createBucket('cache-bucket', 'eu-central-1');
    bucket.put('cache/v/kept', 'a value of a service');
    endpoint.intercept = ({ method, name }) =>
      method === 'PUT' && !name.startsWith('cache/conformance-')
        ? failure(403, 'AccessDenied', 'Access Denied')
        : undefined;
    const { accessKeyId, secretAccessKey } = s3Credentials;
    const { code, stdout } = await cli.run(
      [
        ...['conformance', '--json', '--case', 'fill', '--bucket', 'cache-bucket'],
        ...['--region', 'eu-central-1', '--endpoint', endpoint.endpoint],
      ],
      { env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } },
    );
    const report: { passed: number; cases: { name: string; outcome: string }[] } =
      JSON.parse(stdout);
    expect(report.cases.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(code).toBe(0);
    expect(report.passed).toBeGreaterThan(20);
    expect([...bucket.objects.keys()]).toEqual(['cache/v/kept']);
  });
});
