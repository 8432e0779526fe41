// Runs one handler in a fresh process, as plain Node: it is not bundled, and loads nothing before it measures.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [, , bundle, withMarks] = process.argv;
const marks = {};
const seen = new Set();
let started = 0n;
const now = () => Number(process.hrtime.bigint() - started) / 1e6;
if (withMarks) watch();

// CommonJS as Lambda loads it: import() would first look through all of its text for the names of its exports.
const require = createRequire(import.meta.url);
const file = fileURLToPath(bundle);

const processor = process.cpuUsage();
started = process.hrtime.bigint();
const { handler } = bundle.endsWith('.cjs') ? require(file) : await import(bundle);
const imported = now();
const value = await handler();
const total = now();
const { user, system } = process.cpuUsage(processor);
process.stdout.write(
  JSON.stringify({
    ...{ total, imported, marks },
    processor: (user + system) / 1000,
    length: JSON.stringify(value).length,
  }),
);

/** Notes when the socket is opened and connected, the request written, its answer begun, and what loading modules takes. */
function watch() {
  const load = process.getBuiltinModule;
  process.getBuiltinModule = (name) => {
    const before = now();
    const module = load(name);
    marks[`load ${name}`] = (marks[`load ${name}`] ?? 0) + now() - before;
    if ((name === 'node:net' || name === 'node:tls') && !seen.has(name)) {
      seen.add(name);
      watchSockets(module);
    }
    return module;
  };
}

function watchSockets(module) {
  const { connect } = module;
  module.connect = (...args) => {
    marks.opened ??= now();
    const socket = connect(...args);
    socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => {
      marks.connected ??= now();
    });
    const { write } = socket;
    socket.write = (...written) => {
      marks.request ??= now();
      return write.apply(socket, written);
    };
    socket.once('data', () => {
      marks.response ??= now();
    });
    return socket;
  };
}
