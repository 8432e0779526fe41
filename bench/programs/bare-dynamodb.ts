import type { RequestOptions } from 'node:https';
import { endpoint, signedHeaders } from './bare-signature.js';

// The time to read one item with Node's own client and no more: no retry, no time limit, no error but "not 200". It
// is a bound to hold a client against, not one to use.
const { Agent, request } = process.getBuiltinModule(
  endpoint.protocol === 'https:' ? 'node:https' : 'node:http',
);
const agent = new Agent({ keepAlive: true });

/** The text of the attribute `value` of one item. */
export async function getItem(tableName: string, pk: string): Promise<string> {
  const body = JSON.stringify({ TableName: tableName, Key: { pk: { S: pk } } });
  return JSON.parse(await send('GetItem', body)).Item.value.S;
}

/** The answer to one request for many items, unread. */
export function batchGet(tableName: string, pks: readonly string[]): Promise<string> {
  const Keys = pks.map((pk) => ({ pk: { S: pk } }));
  return send('BatchGetItem', JSON.stringify({ RequestItems: { [tableName]: { Keys } } }));
}

function send(operation: 'GetItem' | 'BatchGetItem', body: string): Promise<string> {
  const options: RequestOptions = {
    agent,
    method: 'POST',
    hostname: endpoint.hostname,
    port: endpoint.port,
    path: '/',
    headers: signedHeaders(body, operation),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode === 200) resolve(text);
        else reject(new Error(text));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
