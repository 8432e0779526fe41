import type { Command } from 'commander';
import { pause } from '../../model/time.js';
import { type AwsApi, AwsError, dynamodbApi } from '../aws-api.js';
import { plainCommand } from '../command.js';
import { EXIT, UsageError } from '../exit.js';
import { addPlace, addYes, type Shared } from '../options.js';
import { refuseOthers } from '../own-table.js';
import { useProfile } from '../target/open.js';

/** The longest wait for a table, milliseconds. */
const LONGEST_MS = 5 * 60_000;
const STEP_MS = 500;

/** The table of the DynamoDB store, as CreateTable takes it. */
export const TABLE = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
} as const;
export const TTL = { AttributeName: 'expiresAt', Enabled: true } as const;

export const createCommand = () =>
  addPlace(
    plainCommand<Shared>({
      usage: 'create',
      description:
        'Create a table for development, with TTL. A table that exists already is left alone.',
      examples: ['glasswork-cache create --table dev-cache --endpoint http://localhost:8000'],
      async run({ options, terminal }) {
        const table = tableOf(options);
        const api = await dynamodbApi(options);
        try {
          const created = await create(api, table);
          const ttl = await switchTTL(api, table);
          const json = { table, region: api.region, created, ttl };
          const text = created
            ? `Created the table "${table}"`
            : `The table "${table}" exists already`;
          const about = ttl
            ? 'with TTL on expiresAt'
            : 'without TTL, which this server does not support';
          await terminal.write(
            terminal.json ? `${JSON.stringify(json)}\n` : `${text} in ${api.region}, ${about}.\n`,
          );
        } finally {
          api.close();
        }
        return undefined;
      },
    }),
  );

export const destroyCommand = () =>
  addPlace(
    plainCommand<Shared & { yes?: boolean }>({
      usage: 'destroy',
      description:
        'Delete a table for development, with all that is in it. It must be a table of this cache.',
      examples: [
        'glasswork-cache destroy --yes --table dev-cache --endpoint http://localhost:8000',
      ],
      options: (command: Command) => void addYes(command),
      async run({ options, terminal }) {
        const table = tableOf(options);
        const api = await dynamodbApi(options);
        try {
          await refuseOthers(api, table);
          const question = `Delete the table "${table}" in ${api.region} and all that is in it?`;
          if (!(await terminal.confirm(question, options.yes ?? false))) {
            terminal.note('Nothing was changed.');
            return EXIT.no;
          }
          await remove(api, table);
          await until(async () => (await statusOf(api, table)) === undefined);
          const json = { table, region: api.region, destroyed: true };
          await terminal.write(
            terminal.json ? `${JSON.stringify(json)}\n` : `Deleted the table "${table}".\n`,
          );
        } finally {
          api.close();
        }
        return undefined;
      },
    }),
  );

/** Deletes it, once it has been created. Another program may have begun to delete it. */
async function remove(api: AwsApi, TableName: string): Promise<void> {
  await until(async () => (await statusOf(api, TableName)) !== 'CREATING');
  if ((await statusOf(api, TableName)) !== 'DELETING') await api.call('DeleteTable', { TableName });
}

function tableOf(options: Shared): string {
  useProfile(options);
  if (options.table) return options.table;
  throw new UsageError('No table is named: give --table.');
}

/** True if it was created, false if it exists. */
async function create(api: AwsApi, TableName: string): Promise<boolean> {
  let created = true;
  try {
    await api.call('CreateTable', { TableName, ...TABLE });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ValidationException') throw new UsageError(error.message);
    if (error.code !== 'ResourceInUseException') throw error;
    created = false;
    if ((await statusOf(api, TableName)) === 'DELETING')
      throw new UsageError(
        `The table "${TableName}" in ${api.region} is being deleted: wait until it is gone, and create it then.`,
      );
  }
  // One that exists may still be on its way, and TTL waits for it.
  await until(async () => (await statusOf(api, TableName)) === 'ACTIVE');
  if (!created) await refuseOthers(api, TableName);
  return created;
}

/** False if the server has no TTL. */
async function switchTTL(api: AwsApi, TableName: string): Promise<boolean> {
  try {
    await api.call('UpdateTimeToLive', { TableName, TimeToLiveSpecification: TTL });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'UnknownOperationException') return false;
    if (!/already enabled/i.test(error.message)) throw error;
  }
  return true;
}

async function statusOf(api: AwsApi, TableName: string): Promise<unknown> {
  try {
    const { body } = await api.call('DescribeTable', { TableName });
    return Object(body.Table).TableStatus;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!(await isDone())) {
    if (performance.now() > deadline) throw new Error('The table is not ready after five minutes.');
    await pause(STEP_MS);
  }
}
