import type { Context } from 'aws-lambda';
import { type CachedAnswer, type CachedEvent, read, register } from './cache.js';

// CommonJS has no top-level await: the first event comes before the registration is through, or soon after.
const registered = register();

export async function handler(event: CachedEvent, context: Context): Promise<CachedAnswer> {
  const after = await registered;
  const marked = after.handler(async (given: CachedEvent, _context: Context) => read(after, given));
  return marked(event, context);
}
