import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.js';
import type { WarmCacheCalls } from '../programs/warm-cache.js';
import { makeCertificate } from './certificate.js';
import type { DynamoDBCalls } from './dynamodb-process.js';

export interface DynamoDB {
  readonly http: string;
  readonly https: string;
  readonly tableName: string;
  /** The certificate that a client has to trust for `https`, a file. */
  readonly certificate: string;
  /** Requests since the last call. */
  requests(): Promise<number>;
  /** Writes entries with tags, as a service with the prefix `bench` does. */
  seed(values: Record<string, unknown>, tags?: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** dynalite in a process of its own, with and without TLS. */
export async function startDynamoDB(writer: URL): Promise<DynamoDB> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const child = new Child<DynamoDBCalls>(new URL('dynamodb-process.ts', import.meta.url), {
    nodeOptions: ['--import', 'tsx'],
  });
  const stop = async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const certificate = await makeCertificate(folder);
    const { http, https, tableName } = await child.call('start', certificate);
    return {
      ...{ http, https, tableName, stop },
      certificate: certificate.certificate,
      requests: () => child.call('requests', undefined),
      async seed(values, tags = []) {
        const env = { ENDPOINT: http, TABLE: tableName };
        const seeder = new Child<WarmCacheCalls>(writer, { env });
        await seeder.call('seed', { values, tags });
        await seeder.stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
