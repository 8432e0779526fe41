import { startLocalDynamoDB } from '../../api/local-dynamodb.js';
import { answerParent } from '../answer.js';
import type { Units } from '../capacity.js';
import { countUnits } from '../metered-dynalite.js';
import { DYNAMODB_DELAY, delays } from '../network.js';

const meter = countUnits();

const calls = {
  /** Creates the tables and gives the endpoint; every request is delayed as on the way to AWS. */
  async start({ tables, seed }: { tables: readonly string[]; seed: number }): Promise<string> {
    const { endpoint } = await startLocalDynamoDB(tables, delays(DYNAMODB_DELAY, seed));
    return endpoint;
  },

  /** The units of a table since the last call. */
  units: (tableName: string): Units => meter.take(tableName),
};
export type DynamoDBCalls = typeof calls;

answerParent(calls);
