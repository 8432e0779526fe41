import { PlainCache } from '../plain-cache.js';

const cache = new PlainCache(process.env.TABLE ?? '', { endpoint: process.env.ENDPOINT ?? '' });

export const handler = (): Promise<unknown> =>
  cache.wrap('cold-start', 300, () => {
    throw new Error('a miss, where a hit is measured');
  });
