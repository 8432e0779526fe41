export type { ConformancePlan } from './conformance.js';
export { casesFor, storeConformance } from './conformance.js';
export type {
  ConformanceCase,
  ConformanceNeed,
  ConformanceSubject,
} from './conformance-case.js';
export type { VirtualClock } from './virtual-clock.js';
export { createVirtualClock } from './virtual-clock.js';
