import type { Stage } from './act.js';
import { type Bundles, bundlePrograms } from './bundle.js';
import type { DynamoDBCalls } from './programs/dynamodb.js';
import { startProgram } from './start.js';
import { TABLES } from './tables.js';
import type { Progress } from './terminal.js';

/** Starts what the acts share. The caller closes it. */
export async function openStage(
  seed: number,
  progress: Progress,
): Promise<Stage & { close(): Promise<void> }> {
  const dynamodb = startProgram<DynamoDBCalls>('dynamodb');
  const endpoint = await dynamodb.call('start', { tables: Object.values(TABLES), seed: seed + 1 });
  let bundles: Promise<Bundles> | undefined;
  return {
    progress,
    bundles() {
      bundles ??= bundlePrograms();
      return bundles;
    },
    dynamodb: { endpoint, process: dynamodb },
    close: () => dynamodb.kill(),
  };
}
