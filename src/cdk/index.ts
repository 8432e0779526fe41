export { esmBundling } from './bundling.js';
export { CacheTable, type CacheTableProps } from './cache-table.js';
