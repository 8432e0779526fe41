// Runs one handler in a fresh process, as plain Node: it is not bundled, and loads nothing before it measures.
const started = process.hrtime.bigint();
const used = process.cpuUsage();
const since = () => Number(process.hrtime.bigint() - started) / 1e6;
let answer;
try {
  const { handler } = await import(process.argv[2]);
  const imported = since();
  const value = await handler();
  const total = since();
  const { user, system } = process.cpuUsage(used);
  answer = { total, imported, processor: (user + system) / 1_000, value };
} catch (error) {
  // Node's own report would quote the minified line, which is the whole bundle.
  answer = { error: String(error) };
}
process.stdout.write(JSON.stringify(answer));
