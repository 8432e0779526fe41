// Runs one handler in a fresh process, as plain Node: it is not bundled, and loads nothing before it measures.
const started = process.hrtime.bigint();
const since = () => Number(process.hrtime.bigint() - started) / 1e6;
const { handler } = await import(process.argv[2]);
const imported = since();
const value = await handler();
const total = since();
process.stdout.write(JSON.stringify({ total, imported, value }));
