let crypto: typeof import('node:crypto') | undefined;

/**
 * Loads Node's own modules on first use. `process.getBuiltinModule` needs no `require` in a bundle and evaluates no
 * getters. On Node 22 and later an ESM `import` of some modules loads undici, about 15 ms of a cold start.
 */
const load: typeof process.getBuiltinModule = (name: string) => process.getBuiltinModule(name);

export const builtin = {
  net: () => load('node:net'),
  tls: () => load('node:tls'),
  /** Cached, because each request needs it several times. */
  crypto() {
    crypto ??= load('node:crypto');
    return crypto;
  },
  fs: () => load('node:fs'),
};
