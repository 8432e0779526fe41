import { type App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Hono } from 'hono';
import { CacheService, MemoryCacheStore } from '../../../src/index.js';
import { bootstrap, type ModuleConfig } from '../../glasswork/container.js';
import { newApp } from '../../infrastructure/app.js';
import { answersTwice, type Use, type Uses } from './use.js';

const request = (path: string) => new Request(`https://shop.example.com${path}`);
const memory = () => new CacheService(new MemoryCacheStore());

/** A block that shows how a user is kept and invalidated, before and after the change to this package. */
const keepsUsers =
  (...invalidations: string[]): Use =>
  async ({ call, expect }) => {
    const ada = { id: '1', name: 'Ada' };
    const first = await call('user', '1');
    expect(first).toEqual(ada);
    expect(await call('user', '1')).toEqual(ada);
    for (const name of ['userChanged', ...invalidations]) {
      await call(name, '1');
      expect(await call('user', '1')).toEqual(ada);
    }
  };
type Handler = (request: Request) => Promise<Response>;

/** The pages about responses, Glasswork, infrastructure and metrics. */
export const APPLICATIONS: Uses = {
  'edge#cloudfront': async ({ use, world, expect }) => {
    await use<CacheService>('cache').close();
    expect(world.purged.map(({ items }) => items)).toContainEqual(['#user:1']);
  },
  'edge#cloudfront~2': async ({ use, expect }) => {
    const { cloudFront } = await import('@glasswork/cache/cloudfront');
    const appOf = use<(cache: CacheService, edge: object) => Hono>('appOf');
    const app = appOf(memory(), cloudFront({ distributionId: 'E2EXAMPLE' }));
    const response = await app.request('https://shop.example.com/users/1');
    expect(await response.json()).toEqual({ id: '1' });
    expect(response.headers.get('cache-tag')).toContain('user:1');
  },
  'edge#what-it-needs': async ({ use, expect }) => {
    const stack = new Stack(newApp(), 'Shop');
    const role = new Role(stack, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const edgeOf = use<(stack: Stack, api: HttpApi, invalidates: Role) => unknown>('edgeOf');
    edgeOf(stack, new HttpApi(stack, 'Api'), role);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::CloudFront::Distribution', 1);
    expect(JSON.stringify(template)).toContain('cloudfront:CreateInvalidation');
  },
  'edge#fastly-cloudflare-and-others': async ({ call, world, expect }) => {
    const what = { tags: ['news'], soft: false };
    await call('purgeFastly', what);
    await call('purgeCloudflare', what);
    const [fastly, cloudflare] = world.web.sent.slice(-2);
    expect(fastly).toMatchObject({
      url: 'https://api.fastly.com/service/service/purge',
      headers: { 'surrogate-key': 'news' },
    });
    expect(cloudflare).toMatchObject({ body: '{"tags":["news"]}' });
  },
  'glasswork#2-register-the-module': async ({ use, expect }) => {
    use('UserService');
    const { container, stop } = bootstrap(use<ModuleConfig>('appModule'));
    const users = container.resolve<{ find(id: string): Promise<unknown> }>('userService');
    expect(await users.find('1')).toEqual({ id: '1', name: 'Ada' });
    await stop();
  },
  'glasswork#refreshes-after-the-response': async ({ use, expect }) => {
    expect(use<{ mode: string }>('after').mode).toBe('detached');
    const { container, stop } = bootstrap({ name: 'app', imports: [use<ModuleConfig>('cache')] });
    expect(await container.resolve<CacheService>('cacheService').set('a', 1)).toBe(true);
    await stop();
  },
  'glasswork#the-table': async ({ use, expect }) => {
    const { container } = bootstrap({
      name: 'app',
      imports: [use<ModuleConfig>('cache')],
      providers: [{ provide: 'config', useValue: { cacheTable: 'cache' } }],
    });
    expect(await container.resolve<CacheService>('cacheService').set('a', 1)).toBe(true);
  },
  'glasswork#registering-by-hand': async ({ use, expect }) => {
    const providers = use<NonNullable<ModuleConfig['providers']>>('providers');
    const { container } = bootstrap({ name: 'app', providers });
    expect(await container.resolve<CacheService>('cacheService').set('a', 1)).toBe(true);
  },
  'glasswork#a-second-cache': async ({ use, expect }) => {
    const { container } = bootstrap(use<ModuleConfig>('appModule'));
    await container.resolve<CacheService>('sessionCache').set('a', 1);
    expect(await container.resolve<CacheService>('cacheService').get('a')).toBeUndefined();
  },
  'glasswork#3-invalidate-after-a-change': async ({ use, expect }) => {
    const UserService =
      use<
        new (cradle: {
          cacheService: CacheService;
        }) => {
          find(id: string): Promise<unknown>;
          rename(id: string, name: string): Promise<void>;
        }
      >('UserService');
    const users = new UserService({ cacheService: memory() });
    expect(await users.find('1')).toBe('Ada');
    await users.rename('1', 'Grace');
    expect(await users.find('1')).toBe('Grace');
    expect(await users.find('2')).toBeNull();
  },
  'handlers#a-plain-handler': answersTwice(
    { pathParameters: { id: '9' } },
    { statusCode: 200, body: '{"id":"9","name":"Item 9"}' },
  ),
  'handlers#hono-values': async ({ use, call, expect }) => {
    const app = use<(cache: CacheService) => Hono>('createApp')(memory());
    const item = await app.request('https://shop.example.com/items/1');
    expect(await item.json()).toEqual({ id: '1', name: 'Item 1' });
    const update = await app.request('https://shop.example.com/items/1', { method: 'PUT' });
    expect(update.status).toBe(204);
    const { httpApiEvent } = await import('../../examples/lambda-events.js');
    const answer = { statusCode: 200, body: '{"id":"2","name":"Item 2"}' };
    expect(await call('handler', httpApiEvent('GET', '/items/2'), {})).toMatchObject(answer);
  },
  'handlers#hono-whole-responses': async ({ use, expect }) => {
    const app = use<Hono>('app');
    const ask = async () => (await app.request('https://shop.example.com/items/1')).json();
    expect(await ask()).toEqual(await ask());
  },
  'handlers#on-a-server': async ({ use, world, expect }) => {
    const server = use<import('node:http').Server>('server');
    try {
      await expect.poll(() => server.address()).not.toBeNull();
      const { port } = server.address() as import('node:net').AddressInfo;
      expect(await (await world.web.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
    } finally {
      await new Promise((resolve) => server.close(resolve));
      process.removeAllListeners('SIGTERM');
    }
  },
  'infrastructure#a-construct-for-aws-cdk': async ({ use, expect }) => {
    // Its function bundles `handler.ts`, which is the reader's: test/cdk deploys the construct with one.
    const ItemStack = use<new (scope: App, id: string) => Stack>('ItemStack');
    expect(() => new ItemStack(newApp(), 'Items')).toThrow(/handler\.ts/);
  },
  'metrics#metrics': async (block) => {
    await answersTwice({ id: 'measured' }, { id: 'measured' })(block);
  },
  'metrics#logs': async ({ use }) => use<{ flush(): void }>('metrics').flush(),
  'migration#from-cache-manager': keepsUsers(),
  'migration#from-cache-manager~2': keepsUsers(),
  'migration#from-keyv': keepsUsers(),
  'migration#from-keyv~2': keepsUsers(),
  'migration#from-bentocache': keepsUsers('usersChanged'),
  'migration#from-bentocache~2': keepsUsers('usersChanged'),
  'migration#from-nestjss-cachemodule': async ({ use, expect }) => {
    const { useFactory } = use<{ useFactory(): CacheService }>('cacheProvider');
    expect(await useFactory().set('a', 1)).toBe(true);
  },
  'responses#an-example': async ({ use, expect }) => {
    const app = use<Hono>('app');
    const statuses: unknown[] = [];
    for (const _ of [1, 2]) {
      const response = await app.request('https://shop.example.com/products/1');
      expect(await response.json()).toEqual({ id: '1' });
      statuses.push(response.headers.get('cache-status')?.split(';')[1]);
    }
    expect(statuses).toEqual([' fwd=miss', ' hit']);
    const update = await app.request('https://shop.example.com/products/1', { method: 'PUT' });
    expect(update.status).toBe(204);
  },
  'responses#an-example~2': async ({ use, expect }) => {
    const handler = use<Handler>('handler');
    const first = await (await handler(request('/'))).json();
    expect(await (await handler(request('/'))).json()).toEqual(first);
  },
  'responses#who-shares-a-response': async ({ use, expect }) => {
    const perUser =
      use<
        (
          cache: CacheService,
          userOf: (request: Request) => string | undefined,
        ) => (request: Request, next: Handler) => Promise<Response>
      >('perUser');
    let loads = 0;
    const answer = perUser(memory(), ({ headers }) => headers.get('x-user') ?? undefined);
    const ask = (headers: Record<string, string>) =>
      answer(new Request('https://shop.example.com/me', { headers }), async () => {
        loads++;
        return Response.json({});
      });
    for (const user of ['ada', 'ada', 'grace']) await (await ask({ 'x-user': user })).json();
    expect(loads).toBe(2);
    await (await ask({})).json();
    await (await ask({})).json();
    expect(loads).toBe(4);
  },
};
