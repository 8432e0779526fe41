import type { RequestOptions } from 'node:https';

// What reading one item takes and no more: no retry, no time limit, no error but "not 200". It is the lower bound that
// a client in JavaScript can be held against, not one to use.
const { env } = process;
const region = env.AWS_REGION ?? '';
const accessKeyId = env.AWS_ACCESS_KEY_ID ?? '';
const endpoint = new URL(env.ENDPOINT ?? '');
const crypto = process.getBuiltinModule('node:crypto');
const { Agent, request } = process.getBuiltinModule(
  endpoint.protocol === 'https:' ? 'node:https' : 'node:http',
);
const agent = new Agent({ keepAlive: true });

const hmac = (key: string | Uint8Array, data: string): Buffer =>
  crypto.createHmac('sha256', key).update(data).digest();
const sha256 = (data: string): string => crypto.createHash('sha256').update(data).digest('hex');

const target = 'DynamoDB_20120810.GetItem';
const type = 'application/x-amz-json-1.0';
const names = 'content-type;host;x-amz-date;x-amz-target';
let day = '';
let signingKey: Uint8Array;

function signedHeaders(body: string): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const today = time.slice(0, 8);
  if (day !== today) {
    day = today;
    const parts = [today, region, 'dynamodb', 'aws4_request'];
    signingKey = parts.reduce<Uint8Array>(hmac, Buffer.from(`AWS4${env.AWS_SECRET_ACCESS_KEY}`));
  }
  const scope = `${today}/${region}/dynamodb/aws4_request`;
  const canonical = `POST\n/\n\ncontent-type:${type}\nhost:${endpoint.host}\nx-amz-date:${time}\nx-amz-target:${target}\n\n${names}\n${sha256(body)}`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`;
  const signature = hmac(signingKey, text).toString('hex');
  return {
    host: endpoint.host,
    'content-type': type,
    'x-amz-date': time,
    'x-amz-target': target,
    'content-length': String(Buffer.byteLength(body)),
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** The text of the attribute `value` of one item. */
export function getItem(tableName: string, pk: string): Promise<string> {
  const body = JSON.stringify({ TableName: tableName, Key: { pk: { S: pk } } });
  const options: RequestOptions = {
    agent,
    method: 'POST',
    hostname: endpoint.hostname,
    port: endpoint.port,
    path: '/',
    headers: signedHeaders(body),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode === 200) resolve(JSON.parse(text).Item.value.S);
        else reject(new Error(text));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
