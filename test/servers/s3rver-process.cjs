// Runs s3rver, which someone else wrote, on Node 24 or later. The parent's end of the pipe keeps it alive.
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const S3rver = require('@20minutes/s3rver');

const directory = mkdtempSync(join(tmpdir(), 's3rver-'));
const [, , bucket] = process.argv;
const server = new S3rver({
  ...{ address: '127.0.0.1', port: 0, silent: true, directory },
  configureBuckets: [{ name: bucket }],
});
server.run().then(({ port }) => process.stdout.write(`${port}\n`));
process.stdin.resume();
process.stdin.on('end', () => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});
