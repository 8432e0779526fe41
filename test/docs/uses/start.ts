import type { Uses } from './use.js';
import { answersTwice } from './use.js';

const saved = async () => {};

/** README.md and the pages for a newcomer. */
export const START: Uses = {
  'README#a-first-handler': async ({ call, expect }) => {
    const answer = { statusCode: 200, body: '{"id":"7","name":"Item 7"}' };
    const event = { pathParameters: { id: '7' } };
    expect(await call('handler', event)).toEqual(answer);
    expect(await call('handler', event)).toEqual(answer);
    expect(await call('handler', {})).toMatchObject({ body: '{"id":"1","name":"Item 1"}' });
  },
  'README#invalidate-and-serve-stale': async ({ call, expect }) => {
    expect(await call('find', '1')).toEqual({ id: '1', price: 12 });
    await call('reprice', '1');
    await call('catalogueChanged');
    expect(await call('find', '1')).toEqual({ id: '1', price: 12 });
  },
  'quick-start#3-invalidate-it': async ({ call, expect }) => {
    let saves = 0;
    await call('changePrice', 'book', async () => void saves++);
    expect(saves).toBe(1);
  },
  'quick-start#4-put-it-in-dynamodb': answersTwice(
    { pathParameters: { id: 'book' } },
    { statusCode: 200, body: '{"id":"book","price":12}' },
  ),
  'quick-start#5-prove-that-it-works': async ({ call, expect }) =>
    expect(await call('smokeTest')).toBeUndefined(),
  'quick-start#6-refresh-after-the-response': answersTwice({ id: 'refresh' }, { id: 'refresh' }),
  'after-response#the-answer': answersTwice({ id: 'answer' }, { id: 'answer' }),
  'after-response#kinds-of-handlers': async ({ call, world, expect }) => {
    const { httpApiEvent } = await import('../../examples/lambda-events.js');
    expect(await call('handler', httpApiEvent('GET', '/'), {})).toMatchObject({
      statusCode: 200,
      body: 'hello',
    });
    const asked = () => world.web.sent.map(({ url }) => url);
    await expect.poll(asked).toContain('https://audit.example.com/');
  },
  'after-response#commonjs': answersTwice({ id: 'common' }, { id: 'common' }),
  'deploying#commonjs': answersTwice({ id: 'commonjs' }, { id: 'commonjs' }),
  'freshness#the-options': async ({ call, world, expect }) => {
    world.web.answers.set('https://flags.example.com/all', '{"newCheckout":true}');
    expect(await call('flags')).toEqual({ newCheckout: true });
  },
  'freshness#stale-while-revalidate-which-value-is-served': async ({ call, world, expect }) => {
    world.web.answers.set('https://example.com/search?q=lamp', 'two lamps');
    const request = new Request('https://shop.example.com/');
    expect(await call('search', request, 'lamp')).toBe('two lamps');
  },
  'freshness#the-loads-context': async ({ call, world, expect }) => {
    world.web.answers.set('https://pages.example.com/1', 'page 1');
    expect(await call('page', 'https://pages.example.com/1')).toBe('page 1');
    expect(await call('page', 'https://pages.example.com/1')).toBe('page 1');
    const sent = world.web.sent.filter(({ url }) => url === 'https://pages.example.com/1');
    expect(sent).toHaveLength(1);
  },
  'freshness#background-work': answersTwice(
    {},
    { statusCode: 200, body: JSON.stringify({ newCheckout: true }) },
  ),
  'functions#one-value': async ({ use, world, expect }) => {
    const flagsOf = use<(tenant: string) => Promise<unknown>>('flagsOf');
    expect(await flagsOf('acme')).toEqual({ darkMode: true });
    const sent = world.web.sent.filter(({ url }) => url === 'https://flags.example.com/acme');
    expect(sent.length).toBeGreaterThan(1);
  },
  'functions#many-values': async ({ call, expect }) =>
    expect(await call('authors', ['1', '2', '1'])).toEqual([
      { id: '1', name: 'Ada' },
      { id: '2', name: 'Ada' },
      { id: '1', name: 'Ada' },
    ]),
  'invalidation#ways-to-invalidate': async ({ call, expect }) => {
    const names: unknown[] = [];
    await call('rename', '1', 'Grace', async (name: string) => void names.push(name));
    expect(names).toEqual(['Grace']);
  },
  'invalidation#tags': async ({ call, expect }) => {
    expect(await call('order', '1')).toEqual({ id: '1', total: 12 });
    await call('customerChanged', 'c1');
    expect(await call('order', '1')).toEqual({ id: '1', total: 12 });
  },
  'invalidation#soft-invalidation': async ({ call }) => void (await call('publish', '1', saved)),
  'invalidation#telling-a-cdn': async ({ use, world, expect }) => {
    await use<{ invalidateTags(tags: string[]): Promise<void> }>('cache').invalidateTags(['news']);
    expect(world.web.sent).toContainEqual(
      expect.objectContaining({ url: 'https://cdn.example.com/purge', body: '{"tags":["news"]}' }),
    );
  },
  'stampedes#leases': async ({ call, expect }) => expect(await call('report')).toEqual({ sum: 1 }),
  'stampedes#leases~2': answersTwice({}, { sum: 1 }),
};

/** Answers that a block asks for as soon as it is imported. */
export const ANSWERS: Readonly<Record<string, string>> = {
  'https://flags.example.com/acme': '{"darkMode":true}',
};
