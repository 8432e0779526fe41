// Runs one handler in a fresh process, as plain Node: it is not bundled, and loads nothing before it measures.
const [, , bundle, withMarks] = process.argv;
const marks = {};
let started = 0n;
const now = () => Number(process.hrtime.bigint() - started) / 1e6;
if (withMarks) await watch();

started = process.hrtime.bigint();
const { handler } = await import(bundle);
const imported = now();
const value = await handler();
const total = now();
process.stdout.write(
  JSON.stringify({ total, imported, marks, length: JSON.stringify(value).length }),
);

/** Notes when the request goes out and its answer comes, and what loading Node's own modules takes. */
async function watch() {
  const { subscribe } = await import('node:diagnostics_channel');
  subscribe('net.client.socket', () => {
    marks.socket ??= now();
  });
  subscribe('http.client.request.start', () => {
    marks.request ??= now();
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
