export { RedisCacheStore } from './redis-cache-store.js';
