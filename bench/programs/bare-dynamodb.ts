import type { RequestOptions } from 'node:https';
import { endpoint, signedHeaders } from './bare-signature.js';

// The time to read one item with Node's own client and no more: no retry, no time limit, no error but "not 200". It
// is a bound to hold a client against, not one to use.
const { Agent, request } = process.getBuiltinModule(
  endpoint.protocol === 'https:' ? 'node:https' : 'node:http',
);
const agent = new Agent({ keepAlive: true });

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
