import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { createCacheTable } from '../../test/servers/table.js';
import { answerParent } from '../programs/answer.js';
import type { Certificate } from './certificate.js';

let requests = 0;

const calls = {
  /** An empty dynalite with one table, and the same behind TLS. */
  async start({ key, certificate }: Certificate) {
    const plain = dynalite({ createTableMs: 0 });
    const options = { key: readFileSync(key), cert: readFileSync(certificate) };
    const secure = createServer(options, (request, response) => {
      plain.emit('request', request, response);
    });
    const http = `http://127.0.0.1:${await listen(plain)}`;
    const https = `https://127.0.0.1:${await listen(secure)}`;
    const tableName = await createCacheTable(http, 'bench');
    plain.on('request', () => {
      requests++;
    });
    return { http, https, tableName };
  },

  /** Requests since the last call. */
  requests(_: undefined): number {
    const counted = requests;
    requests = 0;
    return counted;
  },
};
export type DynamoDBCalls = typeof calls;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

answerParent(calls);
