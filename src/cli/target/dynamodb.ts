import type { Place } from '../options.js';
import { credentialsFor } from './credentials.js';

/** Longer than the store's own limits, because a person waits here and a scan page holds 1 MB. */
const TIMEOUTS = { connect: 3, request: 10, total: 20 } as const;

export function dynamodbOptions({ table = '', region, endpoint: given }: Place) {
  const { AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL } = process.env;
  const endpoint = given ?? (AWS_ENDPOINT_URL_DYNAMODB || AWS_ENDPOINT_URL);
  const credentials = credentialsFor({ endpoint });
  return { tableName: table, region, endpoint: given, credentials, timeouts: TIMEOUTS };
}

export async function openTable(place: Place) {
  const { DynamoDBCacheStore, httpDatabase, inspectTable } = await import('../library.js');
  const options = dynamodbOptions(place);
  const database = httpDatabase(options);
  const { region, endpoint } = database.place;
  return {
    store: new DynamoDBCacheStore(options),
    inspection: inspectTable(database, options.tableName),
    title: `table "${options.tableName}" in ${region}${endpoint ? ` at ${endpoint}` : ''}`,
  };
}
