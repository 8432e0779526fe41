export { edgeTagsOf } from './edge-tags.js';
export type { ResponseCacheOptions } from './options.js';
export { responseCache } from './response-cache.js';
export { responseKey } from './response-key.js';
