/** The result of a failed store operation. An event has reported the reason. */
export const FAILED: unique symbol = Symbol('failed');
