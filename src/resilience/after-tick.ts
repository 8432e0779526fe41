/** The real one: Jest gives its tests another `process`, and fakes that one's function by default. */
const nextTick = /* @__PURE__ */ realNextTick();

function realNextTick(): typeof process.nextTick {
  return process.getBuiltinModule('node:process').nextTick;
}

/**
 * Runs the action after every promise job of this tick, so that callers who come out of one `await` together share
 * what it does. Nothing here can be faked after it was loaded: an action that a test runner dropped would take all
 * that joined it along.
 */
export function afterTick(action: () => void): void {
  void Promise.resolve().then(() => nextTick(action));
}
