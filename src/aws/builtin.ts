let crypto: typeof import('node:crypto') | undefined;

/**
 * Node's own modules, asked for on first use. `process.getBuiltinModule` needs no `require` in a bundle, and evaluates
 * no getters: on Node 22 and later an ESM `import` of some modules loads undici, about 15 ms of a cold start.
 */
const load: typeof process.getBuiltinModule = (name: string) => process.getBuiltinModule(name);

export const builtin = {
  net: () => load('node:net'),
  tls: () => load('node:tls'),
  /** Kept: it is asked for several times a request. */
  crypto() {
    crypto ??= load('node:crypto');
    return crypto;
  },
  fs: () => load('node:fs'),
};
