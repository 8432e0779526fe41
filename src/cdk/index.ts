export { esmBundling } from './bundling.js';
export { CacheEdge, type CacheEdgeProps } from './cache-edge.js';
export { CacheTable, type CacheTableProps } from './cache-table.js';
