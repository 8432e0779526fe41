import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import type { Units } from './capacity.js';
import { answerParent } from './children.js';
import { countUnits } from './metered-dynalite.js';
import { DYNAMODB_DELAY, delays } from './network.js';

const meter = countUnits();
const server = dynalite({ createTableMs: 0 });
const [handle] = server.listeners('request') as ((
  request: IncomingMessage,
  response: ServerResponse,
) => void)[];
let nextDelay = () => 0;
server.removeAllListeners('request');
server.on('request', (request, response) => {
  setTimeout(() => {
    handle?.(request, response);
    // dynalite throws when a client gives up, which would end this process.
    request.removeAllListeners('error').on('error', () => {});
  }, nextDelay());
});

const calls = {
  /** Creates the table; from then on every request is delayed as on the way to AWS. */
  async start({ tableName, seed }: { tableName: string; seed: number }): Promise<string> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    client.destroy();
    nextDelay = delays(DYNAMODB_DELAY, seed);
    return endpoint;
  },

  /** The units since the last call. */
  units: (_: undefined): Units => meter.take(),
};
export type DynamoDBCalls = typeof calls;

answerParent(calls);
