import { Hono } from 'hono';
import { type CachedEvent, read, register } from './cache.js';

export const after = await register();

export const app = new Hono().get('/', async (context) => {
  const event: CachedEvent = JSON.parse(context.req.query('event') ?? '');
  return context.json(await read(after, event));
});
