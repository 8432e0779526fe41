export type { CacheEvent } from '../model/events.js';
export type { WaitUntil } from '../model/policy.js';
export type { Duration } from '../model/time.js';
export type { AfterResponse, AfterResponseMode, AfterResponseOptions } from './after-response.js';
export { afterResponse } from './after-response.js';
export type { AnyHandler } from './handler.js';
