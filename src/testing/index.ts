export type { ConformancePlan } from './conformance.js';
export { casesFor, storeConformance } from './conformance.js';
export type {
  ConformanceCase,
  ConformanceNeed,
  ConformanceSubject,
} from './conformance-case.js';
export type {
  Fault,
  FaultPlan,
  FaultyStoreOptions,
  StoreMethod,
  StoreOperation,
  StorePoint,
} from './faulty-store.js';
export { faultyStore, scriptedFaults, seededFaults } from './faulty-store.js';
export type { PastState } from './store-history.js';
export { StoreHistory } from './store-history.js';
export type { VirtualClock } from './virtual-clock.js';
export { createVirtualClock } from './virtual-clock.js';
