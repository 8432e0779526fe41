let crypto: typeof import('node:crypto') | undefined;

/**
 * Node's own modules, asked for on first use. On Node 22 and later an ESM `import` of node:http evaluates a getter that
 * loads undici, about 15 ms of a cold start; `process.getBuiltinModule` does not, and a bundle needs no `require` for it.
 */
const load: typeof process.getBuiltinModule = (name: string) => process.getBuiltinModule(name);

export const builtin = {
  http: (protocol: string) => (protocol === 'http:' ? load('node:http') : load('node:https')),
  /** Kept: it is asked for several times a request. */
  crypto() {
    crypto ??= load('node:crypto');
    return crypto;
  },
  fs: () => load('node:fs'),
};
