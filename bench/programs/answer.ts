export { answerParent } from '../../examples/demo/answer.js';

/** The time of a repeated operation, microseconds a call. */
export interface Cost {
  readonly cpuUs: number;
  readonly wallUs: number;
}

/** Measures the calls from now until the returned function is called. The processor time is that of the process. */
export function startCost(calls: number): () => Cost {
  const cpu = process.cpuUsage();
  const started = performance.now();
  return () => {
    const wallUs = (performance.now() - started) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { cpuUs: (user + system) / calls, wallUs: wallUs / calls };
  };
}

/** Runs an operation one call after the other. */
export async function costOf(calls: number, operation: () => Promise<unknown>): Promise<Cost> {
  const cost = startCost(calls);
  for (let call = 0; call < calls; call++) await operation();
  return cost();
}
