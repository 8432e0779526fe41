export type {
  ConformanceCase,
  ConformanceNeed,
  ConformanceSubject,
} from './conformance/case.js';
export type { ConformancePlan } from './conformance/index.js';
export { casesFor, storeConformance } from './conformance/index.js';
export { serializerCases } from './conformance/serializers.js';
export type { Fault, FaultPlan, StoreMethod, StoreOperation, StorePoint } from './fault-plan.js';
export { scriptedFaults, seededFaults } from './fault-plan.js';
export type { FaultyStoreOptions } from './faulty-store.js';
export { faultyStore } from './faulty-store.js';
export type { PastState } from './store-history.js';
export { StoreHistory } from './store-history.js';
export type { VirtualClock } from './virtual-clock.js';
export { createVirtualClock } from './virtual-clock.js';
