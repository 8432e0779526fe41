/**
 * Node's own modules, asked for on first use. On Node 22 and later an ESM `import` of node:http evaluates a getter that
 * loads undici, about 15 ms of a cold start; `process.getBuiltinModule` does not, and a bundle needs no `require` for it.
 */
export const builtin = {
  http: () => process.getBuiltinModule('node:http'),
  https: () => process.getBuiltinModule('node:https'),
  crypto: () => process.getBuiltinModule('node:crypto'),
  fs: () => process.getBuiltinModule('node:fs'),
};
