// Runs one handler in a fresh process, as plain Node: it is not bundled, and loads nothing before it measures.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [, , bundle, withMarks] = process.argv;
const marks = {};
let started = 0n;
const now = () => Number(process.hrtime.bigint() - started) / 1e6;
if (withMarks) await watch();

// CommonJS as Lambda loads it: import() would first look through all of its text for the names of its exports.
const require = createRequire(import.meta.url);
const file = fileURLToPath(bundle);

started = process.hrtime.bigint();
const { handler } = bundle.endsWith('.cjs') ? require(file) : await import(bundle);
const imported = now();
const value = await handler();
const total = now();
process.stdout.write(
  JSON.stringify({ total, imported, marks, length: JSON.stringify(value).length }),
);

/** Notes when the request is made, its socket connected and its answer begun, and what loading Node's modules takes. */
async function watch() {
  const { subscribe } = await import('node:diagnostics_channel');
  subscribe('http.client.request.start', ({ request }) => {
    marks.request ??= now();
    const connecting = (socket) =>
      socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => {
        marks.connected ??= now();
      });
    if (request.socket) connecting(request.socket);
    else request.once('socket', connecting);
  });
  subscribe('http.client.response.finish', () => {
    marks.response ??= now();
  });
  const load = process.getBuiltinModule;
  process.getBuiltinModule = (name) => {
    const before = now();
    const module = load(name);
    marks[`load ${name}`] = (marks[`load ${name}`] ?? 0) + now() - before;
    return module;
  };
}
