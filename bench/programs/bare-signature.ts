// Signature V4 for DynamoDB, and no more.
const { env } = process;
const region = env.AWS_REGION ?? '';
const accessKeyId = env.AWS_ACCESS_KEY_ID ?? '';
const crypto = process.getBuiltinModule('node:crypto');
export const endpoint: URL = new URL(env.ENDPOINT ?? '');

const hmac = (key: string | Uint8Array, data: string): Buffer =>
  crypto.createHmac('sha256', key).update(data).digest();
const sha256 = (data: string): string => crypto.createHash('sha256').update(data).digest('hex');

const type = 'application/x-amz-json-1.0';
const names = 'content-type;host;x-amz-date;x-amz-target';
let day = '';
let signingKey: Uint8Array;

export function signedHeaders(
  body: string,
  operation: 'GetItem' | 'BatchGetItem' = 'GetItem',
): Record<string, string> {
  const target = `DynamoDB_20120810.${operation}`;
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
