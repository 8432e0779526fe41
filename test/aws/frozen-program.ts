import { readFileSync } from 'node:fs';
import { type AwsRequest, createTransport } from '../../src/aws/transport.js';

/** The process that is frozen: it sends what it is told to, and says what came of it. */
const [endpoint = '', aheadFile = ''] = process.argv.slice(2);

const transport = createTransport({
  service: 'dynamodb',
  region: 'eu-central-1',
  endpoint: new URL(endpoint),
  credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }),
  timeouts: { connect: '600ms', request: '600ms', total: '1200ms' },
  // The machine's, and what the test has put the clock ahead while this process was frozen.
  clock: { now: () => Date.now() + Number(readFileSync(aheadFile, 'utf8')) },
});

process.on('message', async (retry: AwsRequest['retry']) => {
  const beganMs = performance.now();
  const outcome = await transport.send({ headers: {}, body: '{}', retry }).then(
    ({ status, attempts }) => ({ status, attempts }),
    (error) => ({ code: error.code, message: error.message }),
  );
  process.send?.({ ...outcome, ms: performance.now() - beganMs });
});
process.send?.('ready');
