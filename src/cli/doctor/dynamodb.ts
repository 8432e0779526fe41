import { cloudWatchApi, daxApi, dynamodbApi } from '../aws-api.js';
import type { Place } from '../options.js';
import { examineDax } from './dax.js';
import type { Finding } from './finding.js';
import { examinePartitions } from './hot-partitions.js';
import { examinePermissions, type Role } from './permissions.js';
import { examineRuntime } from './runtime.js';
import { examineClock, examineLatency } from './speed.js';
import { examineTable } from './table.js';

export interface DoctorOptions extends Place {
  readonly role: Role;
  readonly functions: readonly string[];
  /** The name of a cluster of DAX in front of the table. */
  readonly dax?: string | undefined;
}

/** Everything about a table, in the order in which one fault hides the next. */
export async function* examineDynamoDB(options: DoctorOptions): AsyncGenerator<Finding> {
  const { table = '', role, functions, dax } = options;
  const api = await dynamodbApi(options);
  try {
    const { findings, isThere } = await examineTable(api, table);
    yield* findings;
    if (!isThere) return;
    yield* await examinePermissions(api, table, role);
    if (findings.every(({ level }) => level !== 'problem')) {
      const read = () => api.call('GetItem', { TableName: table, Key: { pk: { S: '#doctor' } } });
      const { date } = await read();
      // The header has whole seconds.
      yield examineClock(date, Date.now(), 1_000);
      yield await examineLatency(read);
    }
    const cloudWatch = await cloudWatchApi(options, api);
    yield await examinePartitions(cloudWatch, table, Date.now());
    cloudWatch?.close();
    if (dax !== undefined) {
      const clusters = await daxApi(options, api);
      yield* examineDax(clusters, dax);
      clusters?.close();
    }
    yield* await examineRuntime(options, api.region, functions, Date.now());
  } finally {
    api.close();
  }
}
