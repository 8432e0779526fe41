/** The real function, because Jest gives its tests another `process` and fakes `nextTick` there by default. */
const nextTick = /* @__PURE__ */ realNextTick();

function realNextTick(): typeof process.nextTick {
  return process.getBuiltinModule('node:process').nextTick;
}

/**
 * Runs the action after all promise jobs of this tick, so that callers resumed by the same `await` can share it. Fake
 * timers installed later do not affect it: if a test runner dropped the action, all calls that joined it would hang.
 */
export function afterTick(action: () => void): void {
  void Promise.resolve().then(() => nextTick(action));
}
