// Runs one handler in a fresh process under a quota, as plain Node: it is not bundled, and loads little before it measures.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [, , bundle, from, group] = process.argv;
const join = () => {
  if (group) writeFileSync(group, String(process.pid));
};
const now = () => Number(process.hrtime.bigint()) / 1e6;

// CommonJS as Lambda loads it: import() would first look through all of its text for the names of its exports.
const require = createRequire(import.meta.url);
const file = fileURLToPath(bundle);

if (from === 'start') join();
const started = now();
const { handler } = bundle.endsWith('.cjs') ? require(file) : await import(bundle);
if (from === 'call') join();
const called = now();
await handler();
const ended = now();
process.stdout.write(JSON.stringify({ total: ended - started, call: ended - called }));
