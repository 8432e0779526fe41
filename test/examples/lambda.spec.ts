import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { customTags, readTemplate } from '../infrastructure/template.js';
import { context, onLambda } from '../lambda/helpers.js';
import { type Dynalite, startDynalite } from '../servers/dynalite.js';
import { createCacheTable } from '../servers/table.js';

interface FunctionResource {
  readonly Metadata: {
    readonly BuildMethod: string;
    readonly BuildProperties: {
      readonly Format: 'esm';
      readonly OutExtension: readonly string[];
      readonly Target: string;
      readonly Minify: boolean;
      readonly EntryPoints: readonly string[];
    };
  };
  readonly Properties: { readonly Handler: string; readonly Policies: readonly unknown[] };
}

interface EventResource {
  readonly Type: string;
  readonly Properties: { readonly Method: string; readonly Path: string };
}

type Handler = (...args: unknown[]) => Promise<unknown>;

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/lambda');
const template = parse(readFileSync(join(example, 'template.yaml'), 'utf8'), {
  customTags,
  strict: true,
});
const { ItemFunction, StreamFunction, CacheTable, CachePolicy } = template.Resources;
const lambda = onLambda();
let dynalite: Dynalite;
let folder: string;

beforeAll(async () => {
  dynalite = await startDynalite();
  await mkdir(join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(join(root, '.cache/example-'));
});
afterAll(async () => {
  await Promise.all([dynalite?.stop(), rm(folder, { recursive: true, force: true })]);
});

describe('the template of the Lambda example', () => {
  it('has the table and the policy that the package ships', () => {
    const shipped = readTemplate().Resources;
    const {
      TableName: _name,
      PointInTimeRecoverySpecification: _backups,
      ...properties
    } = shipped.CacheTable.Properties;
    expect(CacheTable.Properties).toEqual(properties);
    expect(CachePolicy).toEqual(shipped.CachePolicy);
    expect(template.Globals.Function.Environment).toEqual({
      Variables: { CACHE_TABLE: { Ref: 'CacheTable' } },
    });
    for (const { Properties } of [ItemFunction, StreamFunction]) {
      expect(Properties.Policies).toEqual([{ Ref: 'CachePolicy' }]);
    }
  });

  it('leads to its functions by an event and a URL, which the outputs name', () => {
    const routes = Object.values<EventResource>(ItemFunction.Properties.Events);
    expect(
      routes.map(({ Type, Properties }) => [Type, Properties.Method, Properties.Path]),
    ).toEqual([
      ['HttpApi', 'GET', '/items/{id}'],
      ['HttpApi', 'PUT', '/items/{id}'],
    ]);
    expect(StreamFunction.Properties.FunctionUrlConfig.InvokeMode).toBe('RESPONSE_STREAM');
    const { ItemsUrl, StreamUrl } = template.Outputs;
    expect(ItemsUrl.Value).toEqual({
      'Fn::Sub': expect.stringMatching(/^https:\/\/\$\{ServerlessHttpApi\}\..*\/items\/1$/),
    });
    expect(StreamUrl.Value).toEqual({ 'Fn::GetAtt': ['StreamFunctionUrl', 'FunctionUrl'] });
  });

  it('runs on the newest Node of Lambda, as every template does', () => {
    const templates = [
      ...['examples/lambda/template.yaml', 'infrastructure/sam.yaml'],
      ...['infrastructure/elasticache.yaml', 'docs/quick-start.md'],
    ];
    for (const path of templates) {
      const text = readFileSync(join(root, path), 'utf8');
      const runtimes = text.match(/\bnodejs\d+\.x\b/g);
      expect(new Set(runtimes), path).toEqual(new Set(['nodejs24.x']));
    }
    for (const { Metadata } of [ItemFunction, StreamFunction]) {
      expect(Metadata.BuildProperties.Target).toBe('node24');
    }
  });
});

describe('the handlers of the Lambda example', () => {
  beforeEach(async () => {
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynalite.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('CACHE_TABLE', await createCacheTable(dynalite.endpoint));
    vi.stubGlobal('awslambda', { streamifyResponse: (handler: Handler) => handler });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** Bundled as the template says, and loaded as a sandbox does: each has its own modules. */
  async function load({ Metadata, Properties }: FunctionResource): Promise<Handler> {
    expect(Metadata.BuildMethod).toBe('esbuild');
    const { Format, OutExtension, Target, Minify, EntryPoints } = Metadata.BuildProperties;
    const outdir = await mkdtemp(join(folder, 'bundle-'));
    const entries = OutExtension.map((pair) => pair.split('=')) as [string, string][];
    await build({
      absWorkingDir: example,
      entryPoints: [...EntryPoints],
      outdir,
      outExtension: Object.fromEntries(entries),
      bundle: true,
      platform: 'node',
      format: Format,
      target: Target,
      minify: Minify,
      tsconfig: join(root, 'tsconfig.json'),
      logLevel: 'error',
    });
    const [module = '', name = ''] = Properties.Handler.split('.');
    const loaded = await import(pathToFileURL(join(outdir, `${module}.mjs`)).href);
    return loaded[name];
  }

  const request = (method: 'GET' | 'PUT', body?: string) => ({
    rawPath: '/7',
    pathParameters: { id: '7' },
    requestContext: { http: { method } },
    body,
  });

  it('serve what is stale, and refresh it after the response', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const handler = await load(ItemFunction);
    const read = async (
      id: string,
      asleep?: Awaited<ReturnType<typeof lambda.server.parked>>,
    ): Promise<{ name: string; readAt: string }> => {
      const parked = asleep ?? (await lambda.server.parked());
      parked.invoke(id);
      const answer = (await handler(request('GET'), context(id))) as { body: string };
      return JSON.parse(answer.body);
    };
    const first = await read('1');
    // The time passes while the sandbox sleeps, which it does once the value is written.
    const asleep = await lambda.server.parked();
    vi.setSystemTime(Date.now() + 61_000);
    expect(await read('2', asleep)).toEqual(first);
    // The extension asks for its next event when the refresh is done.
    const refreshed = await read('3');
    expect(Date.parse(refreshed.readAt)).toBeGreaterThanOrEqual(Date.parse(first.readAt) + 61_000);

    (await lambda.server.parked()).invoke('4');
    expect(await handler(request('PUT', 'New name'), context('4'))).toEqual({ statusCode: 204 });
    expect(await read('5')).toMatchObject({ name: 'New name' });

    // As curl sends it: as a form, of which API Gateway makes base64.
    (await lambda.server.parked()).invoke('6');
    const form = { ...request('PUT', btoa('Newer name')), isBase64Encoded: true };
    await handler(form, context('6'));
    expect(await read('7')).toMatchObject({ name: 'Newer name' });
    expect(lambda.warnings).toEqual([]);
  });

  it.each([
    ['of the console', { key1: 'value1', key2: 'value2', key3: 'value3' }],
    ['without anything', {}],
  ])('answer a test event %s', async (_what, event) => {
    const [handler, streamHandler] = await Promise.all([ItemFunction, StreamFunction].map(load));
    for (const id of ['1', '2']) {
      const parked = await lambda.server.parked();
      parked.invoke(id);
      const answer = await handler?.(event, context(id));
      expect(answer).toMatchObject({ statusCode: 200, body: expect.stringContaining('"id":"1"') });
    }
    const stream = Object.assign(new PassThrough(), { setContentType: vi.fn() });
    await streamHandler?.(event, stream, context('3'));
    expect(JSON.parse((await stream.toArray()).join(''))).toMatchObject({ id: '1' });
  });

  it('stream their body', async () => {
    const handler = await load(StreamFunction);
    (await lambda.server.parked()).invoke('1');
    const stream = Object.assign(new PassThrough(), { setContentType: vi.fn() });
    await handler(request('GET'), stream, context('1'));
    expect(JSON.parse((await stream.toArray()).join(''))).toMatchObject({ name: 'Item 7' });
    expect(stream.setContentType).toHaveBeenCalledWith('application/json');
    await lambda.server.parked();
  });
});
