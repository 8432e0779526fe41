import type { TestProject } from 'vitest/node';
import { clientVersion, runtimeClientProblem } from '../../scripts/runtime-client.js';
import { dynaliteVersion } from './dynalite.js';
import { startDynamoDBLocal } from './dynamodb-local.js';
import { neededServers } from './needed.js';
import { startRedisCluster } from './redis-cluster.js';
import { RedisProcess } from './redis-process.js';
import { startShared } from './server-state.js';

/** Runs once before all test files: starts what they share, and says what this run is made of. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const needed = await neededServers(project);
  const [dynamoDBLocal, redis, redisCluster] = await Promise.all([
    startShared(
      needed.dynamoDBLocal,
      startDynamoDBLocal,
      ({ endpoint }) => endpoint,
      ({ endpoint, version, javaVersion }) =>
        `${version} on ${new URL(endpoint).host}, Java ${javaVersion}`,
    ),
    startShared(
      needed.redis,
      () => RedisProcess.start(),
      ({ url }) => url,
      async (server) => `${await server.field('redis_version')} on ${new URL(server.url).host}`,
    ),
    startShared(
      needed.redisCluster,
      () => startRedisCluster(),
      ({ addresses }) => addresses,
      async ({ masters, addresses }) =>
        `${await masters[0]?.field('redis_version')} on ports ${addresses.map(({ port }) => port).join(', ')}`,
    ),
  ]);
  project.provide('dynamoDBLocal', dynamoDBLocal.state);
  project.provide('redis', redis.state);
  project.provide('redisCluster', redisCluster.state);
  const lines = [
    'This run uses',
    `  Node            ${process.versions.node}`,
    `  dynalite        ${dynaliteVersion}, in the test process`,
    `  DynamoDB Local  ${dynamoDBLocal.description}`,
    `  Redis           ${redis.description}`,
    `  Redis Cluster   ${redisCluster.description}`,
    `  AWS Lambda      ${describeRuntimeClients()}`,
  ];
  console.log(`${lines.join('\n')}\n`);
  return async () => {
    await Promise.all([dynamoDBLocal, redis, redisCluster].map((server) => server.stop()));
  };
}

function describeRuntimeClients(): string {
  const problem = runtimeClientProblem();
  if (problem !== undefined) return `MISSING, so its suites are SKIPPED: ${problem}`;
  return `aws-lambda-ric ${clientVersion(3)} and ${clientVersion(4)}, where a test file runs them`;
}
