// Imports and requires every entry point in one process. Its argument says how many builds that finds: 1 or 2.
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const builds = Number(process.argv[2]);
const { name, exports } = require('@glasswork/cache/package.json');
// `./cdk` is loaded with its peers, which are not installed here.
const subpaths = Object.keys(exports).filter(
  (subpath) => subpath !== './package.json' && subpath !== './cdk',
);
const [imported, required] = [{}, {}];

for (const subpath of subpaths) {
  const specifier = name + subpath.slice(1);
  const [esm, cjs] = [await import(specifier), require(specifier)];
  deepStrictEqual(Object.keys(cjs).sort(), Object.keys(esm).sort(), specifier);
  for (const key of Object.keys(esm)) {
    if (typeof esm[key] !== 'function') continue;
    const isSame = esm[key] === cjs[key];
    strictEqual(isSame, builds === 1, `${key} of ${specifier}: ${builds} builds were expected`);
  }
  Object.assign(imported, esm);
  Object.assign(required, cjs);
}

for (const [one, other] of [
  [imported, required],
  [required, imported],
]) {
  const error = new one.CacheError('TIMEOUT', 'too late');
  class Own extends other.CacheError {}
  ok(error instanceof other.CacheError);
  ok(!(error instanceof Own));
  ok(new Own('TIMEOUT', 'too late') instanceof one.CacheError);
  ok(!(new Error('too late') instanceof one.CacheError));

  const frozen = new other.MemoryCacheStore({ frozen: true });
  const tiered = new one.TieredCacheStore([frozen, new other.MemoryCacheStore()]);
  for (const store of [new other.MemoryCacheStore(), frozen, tiered]) {
    const cache = new one.CacheService(store);
    const [first, second] = [
      await cache.wrap('key', 60, () => ({ id: 1 })),
      await cache.wrap('key', 60, () => ({ id: 2 })),
    ];
    deepStrictEqual([first, second], [{ id: 1 }, { id: 1 }]);
    await cache.del('key');
    strictEqual(await cache.get('key'), undefined);
  }
}

// Lambda takes an extension's name once.
let registrations = 0;
const server = createServer((request, response) => {
  if (!request.url.endsWith('/register')) return;
  registrations += 1;
  response.setHeader('Lambda-Extension-Identifier', '1').end('{}');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.env.AWS_LAMBDA_RUNTIME_API = `127.0.0.1:${server.address().port}`;
const modes = [await imported.afterResponse(), await required.afterResponse()];
deepStrictEqual(
  modes.map(({ mode }) => mode),
  ['extension', 'extension'],
);
strictEqual(registrations, 1);
notStrictEqual(subpaths.length, 0);
process.exit();
