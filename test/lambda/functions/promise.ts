import { type CachedEvent, read, register } from './cache.js';

const after = await register();

export const handler = after.handler(async (event: CachedEvent) => read(after, event));
