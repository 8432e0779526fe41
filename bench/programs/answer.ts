/** What a child process answers, by name. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** The child's side. It never outlives its parent, however that one ends. */
export function answerParent(calls: Calls): void {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent decides when a child ends.
  process.on('SIGINT', () => {});
  process.on('message', async ({ id, name, argument }: Question) => {
    try {
      process.send?.({ id, result: await calls[name]?.(argument as never) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
}

/** What a repeated operation took, microseconds a call. */
export interface Cost {
  readonly cpuUs: number;
  readonly wallUs: number;
}

/** What the calls cost from now until the function it returns is called. The processor time is that of the process. */
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
