export type { CacheModule, CacheModuleOptions, FactoryProvider } from './cache-module.js';
export { cacheModule } from './cache-module.js';
