import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheService, S3CacheStore } from '@glasswork/cache';
import { credentials, startS3Endpoint } from '../../test/servers/s3-endpoint.js';
import type { Bench, Check, Figure, Table } from '../figure.js';
import { judgedNodes, type NodeBinary } from '../nodes.js';
import { makeCertificate } from '../server/certificate.js';
import { median, takeTurns } from '../statistics.js';
import { recordOf } from '../values.js';
import { type Start, startOnce } from './cold.js';

const BUCKET = 'bench-bucket';
const VALUE = recordOf(1024);
const CONTESTANTS = {
  'cold-s3-store': '@glasswork/cache, the store: one read',
  'cold-s3': '@glasswork/cache, a service: two reads',
  'cold-s3-sdk': 'AWS SDK, S3Client',
  'cold-s3-sdk-cjs': 'AWS SDK, S3Client, as CommonJS',
} as const;
type Contestant = keyof typeof CONTESTANTS;
const NAMES = Object.keys(CONTESTANTS) as Contestant[];

/** From the import of a handler to its first value from S3. */
export async function coldS3(bench: Bench): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const files = await makeCertificate(folder);
  const [key, cert] = [readFileSync(files.key), readFileSync(files.certificate)];
  const servers = {
    http: await startS3Endpoint(),
    https: await startS3Endpoint({ tls: { key, cert } }),
  };
  try {
    const bucket = servers.http.createBucket(BUCKET);
    await seed(servers.http.endpoint);
    const secure = servers.https.createBucket(BUCKET);
    for (const [name, { body }] of bucket.objects) secure.put(name, body);
    const tables: Table[] = [];
    const checks: Check[] = [];
    for (const transport of ['http', 'https'] as const) {
      for (const node of await judgedNodes()) {
        bench.say(`cold-s3: Node ${node.name} over ${transport}`);
        const { endpoint } = servers[transport];
        const measured = await measure(bench, node, transport, endpoint, files.certificate);
        tables.push(measured.table);
        checks.push(measured.check);
      }
    }
    return {
      name: 'cold-s3',
      title: 'Cold start: from the import of a bundled handler to its first value from S3',
      notes: [
        'A fresh process for each sample. Each handler is one minified file; all of them read the same object, a hit.',
        'The service also reads the version of its prefix, on a second connection; the SDK and the store read one object.',
        'The SDK counts as the faster of its bundles: an ES module like the others, or CommonJS.',
        'The server is the S3 endpoint of the tests, which checks the signature of every request.',
      ],
      tables,
      checks,
    };
  } finally {
    await Promise.all([servers.http.stop(), servers.https.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function seed(endpoint: string): Promise<void> {
  const place = { bucket: BUCKET, region: 'us-east-1', endpoint };
  const store = new S3CacheStore({ ...place, credentials: async () => credentials });
  const cache = new CacheService(store, { keyPrefix: 'bench' });
  await cache.set('item:0', VALUE, '1h');
  await cache.close();
}

async function measure(
  { bundles, rounds = 15 }: Bench,
  node: NodeBinary,
  transport: 'http' | 'https',
  endpoint: string,
  certificate: string,
): Promise<{ table: Table; check: Check }> {
  const starts = new Map<Contestant, Start[]>(NAMES.map((name) => [name, []]));
  const timed = (name: Contestant) => async () => {
    const start = await startOnce(node.path, bundles[name] as URL, '', {
      ...{ BUCKET, ENDPOINT: endpoint, NODE_EXTRA_CA_CERTS: certificate, AWS_REGION: 'us-east-1' },
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    starts.get(name)?.push(start);
    return start.total;
  };
  const samples = await takeTurns(
    {
      'cold-s3-store': timed('cold-s3-store'),
      'cold-s3': timed('cold-s3'),
      'cold-s3-sdk': timed('cold-s3-sdk'),
      'cold-s3-sdk-cjs': timed('cold-s3-sdk-cjs'),
    },
    rounds,
    1,
  );
  const wall = (name: Contestant) => median(samples[name]);
  const processor = (name: Contestant) =>
    median((starts.get(name) ?? []).slice(1).map((start) => start.processor));
  const where = `Node ${node.name} over ${transport}`;
  const sdk = Math.min(wall('cold-s3-sdk'), wall('cold-s3-sdk-cjs'));
  return {
    table: {
      columns: [
        { name: where },
        { name: 'median', unit: 'ms' },
        { name: 'ours', unit: 'times' },
        { name: 'processor', unit: 'ms' },
        { name: 'ours', unit: 'times' },
      ],
      rows: NAMES.map((name) => [
        CONTESTANTS[name],
        wall(name),
        wall(name) / wall('cold-s3-store'),
        processor(name),
        processor(name) / processor('cold-s3-store'),
      ]),
    },
    check: {
      what: `${where}: times sooner than the SDK`,
      ...{ value: sdk / wall('cold-s3-store'), unit: 'times', target: { atLeast: 3 } },
    },
  };
}
