let randomUUID: typeof import('node:crypto').randomUUID | undefined;

/**
 * A random UUID.
 *
 * From node:crypto, which is loaded already if a request was signed. The first use of the global `crypto` loads Web
 * Crypto, which takes milliseconds of a cold start.
 */
export function uniqueId(): string {
  randomUUID ??= process.getBuiltinModule('node:crypto').randomUUID;
  return randomUUID();
}
