/**
 * Measures the largest resident size of the command line while it lists and counts a bucket of many objects, on the S3
 * endpoint of the tests. On Linux:
 *
 *     npx tsx scripts/command-line-memory.ts            # 100,000 objects: about a minute on a quiet machine
 *     npx tsx scripts/command-line-memory.ts 10000
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { s3Keys } from '../src/stores/s3/keys.js';
import { valueRecord } from '../src/stores/s3/record.js';
import type { S3Answer } from '../test/servers/s3-bucket.js';
import { credentials, startS3Endpoint } from '../test/servers/s3-endpoint.js';
import { bundleToRun } from './bundle.js';
import { bareEnvironment } from './package/manifest.js';
import { root } from './run.js';

const PAGE = 1_000;
const HOUR_MS = 3_600_000;
/** Writes the peak at the end of a program. That of `resourceUsage` begins with the size of the parent. */
const HOOK =
  "import { readFileSync, writeSync } from 'node:fs'; process.on('exit', () => writeSync(2, /VmHWM.*/.exec(readFileSync('/proc/self/status', 'utf8'))[0]));";

const objects = Number(process.argv[2] ?? 100_000);
const folder = join(root, '.cache', 'command-line-memory');
await bundleToRun(folder);
const server = await startS3Endpoint();
const bucket = server.createBucket('cache');
const keys = s3Keys('cache');
const until = Date.now() + HOUR_MS;
for (let i = 0; i < objects; i++) {
  const key = `shop:user:${i}`;
  const value = JSON.stringify({ id: i, text: 'x'.repeat(100) });
  const envelope = `[1,null,${until},5,[[null,""]]]`;
  bucket.put(
    keys.encode(key),
    Buffer.from(valueRecord(key, value, envelope, until)(crypto.randomUUID())),
  );
}
const sorted = [...bucket.objects.keys()].sort();

// The bucket sorts all names for each page, which takes longer than what is measured.
server.intercept = ({ query, name, method }) => {
  server.requests.length = 0;
  const object = method === 'GET' ? bucket.objects.get(name) : undefined;
  if (object) return { status: 206, headers: { etag: object.etag }, body: object.body };
  return query.get('list-type') === '2' ? page(query) : undefined;
};

function page(query: URLSearchParams): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const at = Number(query.get('continuation-token') ?? 0);
  const names = sorted.filter((name) => name.startsWith(prefix));
  const next = at + PAGE < names.length ? `${at + PAGE}` : undefined;
  const contents = names
    .slice(at, at + PAGE)
    .map((name) => `<Contents><Key>${encodeURIComponent(name)}</Key><Size>1</Size></Contents>`);
  const token = next && `<NextContinuationToken>${next}</NextContinuationToken>`;
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== undefined}</IsTruncated>${token ?? ''}${contents.join('')}</ListBucketResult>`,
  };
}

for (const command of ['ls --all', 'ls --all --json', 'stats --json']) {
  const started = performance.now();
  const where = ['--bucket', 'cache', '--region', 'us-east-1', '--prefix', 'shop'];
  const child = spawn(
    process.execPath,
    [join(folder, 'cli.js'), ...command.split(' '), ...where, '--endpoint', server.endpoint],
    {
      env: bareEnvironment({
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HOOK)}`,
      }),
    },
  );
  let [bytes, errors] = [0, ''];
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  child.stderr.on('data', (part: Buffer) => {
    errors += part;
  });
  const [code] = await once(child, 'close');
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(errors) ?? [];
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const peak = (Number(kilobytes) / 1024).toFixed(0);
  console.log(`${command}: exit ${code}, ${bytes} bytes, peak ${peak} MB, ${seconds} s`);
}
await server.stop();
rmSync(folder, { recursive: true, force: true });
