export type { CacheEvent } from '../events.js';
export type { WaitUntil } from '../policy.js';
export type { Duration } from '../time.js';
export type { AfterResponse, AfterResponseMode, AfterResponseOptions } from './after-response.js';
export { afterResponse } from './after-response.js';
export type { AnyHandler } from './handler.js';
