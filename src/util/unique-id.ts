let randomUUID: typeof import('node:crypto').randomUUID | undefined;

/**
 * A random UUID.
 *
 * Not by the global `crypto`: its first use loads Web Crypto, milliseconds of a cold start, while node:crypto is loaded
 * already wherever a request was signed.
 */
export function uniqueId(): string {
  randomUUID ??= process.getBuiltinModule('node:crypto').randomUUID;
  return randomUUID();
}
