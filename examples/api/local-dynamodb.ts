import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { LOCAL } from './local.js';

export interface LocalDynamoDB {
  readonly endpoint: string;
  stop(): Promise<void>;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Starts dynalite, which speaks DynamoDB's protocol, in this process and in memory, with the cache's tables. `nextDelay`
 * gives the milliseconds that the next request waits, as on the way to AWS; creating the tables waits for none.
 */
export async function startLocalDynamoDB(
  tableNames: readonly string[],
  nextDelay: () => number = () => 0,
): Promise<LocalDynamoDB> {
  const server = dynalite({ createTableMs: 0 });
  let delay = () => 0;
  surviveClients(server, () => delay());
  // A client may take longer than the usual five seconds to send its next request on a busy machine.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // An AddressInfo, because it listens on a port.
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  await Promise.all(tableNames.map((name) => createTable(endpoint, name)));
  delay = nextDelay;
  return {
    endpoint,
    async stop() {
      // Clients keep their connections alive, and `close` waits for them.
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** dynalite throws when a client gives up, which would end this process. */
function surviveClients(server: Server, nextDelay: () => number): void {
  // The types know listeners of any event; this event has listeners of this shape.
  const [handle] = server.listeners('request') as Listener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const serve = () => {
      handle?.(request, response);
      request.removeAllListeners('error').on('error', () => {});
    };
    const delay = nextDelay();
    if (delay > 0) setTimeout(serve, delay);
    else serve();
  });
}

/** Without the SDK, which would take most of this process's start. The server checks no signature, only its form. */
async function createTable(endpoint: string, tableName: string): Promise<void> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.CreateTable',
      'x-amz-date': '20000101T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${LOCAL.credentials.accessKeyId}/20000101/${LOCAL.region}/dynamodb/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: JSON.stringify({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  });
  if (!response.ok) throw new Error(`No table ${tableName}: ${await response.text()}`);
}
