import type { TestProject } from 'vitest/node';
import type { ServerState } from './available.js';
import { dynaliteVersion } from './dynalite.js';
import { type DynamoDBLocal, MissingServerError, startDynamoDBLocal } from './dynamodb-local.js';
import { needsDynamoDBLocal } from './needed.js';

/** Runs once before all test files: starts what they share, and says what this run is made of. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = (await needsDynamoDBLocal(project)) ? await start() : undefined;
  project.provide('dynamoDBLocal', stateOf(server));
  const lines = [
    'This run uses',
    `  Node            ${process.versions.node}`,
    `  dynalite        ${dynaliteVersion}, in the test process`,
    `  DynamoDB Local  ${describeServer(server)}`,
  ];
  console.log(`${lines.join('\n')}\n`);
  return async () => {
    if (server !== undefined && 'endpoint' in server) await server.stop();
  };
}

/** A machine without the server may run the other tests; a run in CI may not pass without it. */
async function start(): Promise<DynamoDBLocal | MissingServerError> {
  try {
    return await startDynamoDBLocal();
  } catch (error) {
    if (error instanceof MissingServerError && !process.env.CI) return error;
    throw error;
  }
}

function stateOf(server: DynamoDBLocal | MissingServerError | undefined): ServerState {
  if (server === undefined) return { state: 'not needed' };
  if ('endpoint' in server) return { state: 'running', endpoint: server.endpoint };
  return { state: 'missing', reason: server.message };
}

function describeServer(server: DynamoDBLocal | MissingServerError | undefined): string {
  if (server === undefined) return 'not needed by these test files';
  if ('endpoint' in server) {
    const { host } = new URL(server.endpoint);
    return `${server.version} on ${host}, Java ${server.javaVersion}`;
  }
  return `MISSING, so its suites are SKIPPED: ${server.message}`;
}
