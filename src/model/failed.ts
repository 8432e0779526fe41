/** The result of a store operation that failed. An event has told why. */
export const FAILED: unique symbol = Symbol('failed');
