import type { Bundle } from './bundle.js';
import { Child } from './child.js';
import type { WorkerCalls } from './programs/worker.js';

export type Worker = Child<WorkerCalls>;

/** Runs `use` with so many processes, each with contestants of its own, and ends them. */
export async function withWorkers<T>(
  bundle: Bundle,
  count: number,
  use: (workers: readonly Worker[]) => Promise<T>,
): Promise<T> {
  const workers = Array.from({ length: count }, () => new Child<WorkerCalls>(bundle.file));
  try {
    return await use(workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}
