import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

/** The modules that a test file asks for a server through. */
const askedThrough = {
  dynamoDBLocal: 'available.ts',
  redis: 'redis-available.ts',
  redisCluster: 'redis-cluster-available.ts',
} as const;

type Needed = Readonly<Record<keyof typeof askedThrough, boolean>>;

/** Which servers the test files of this run ask for: a run of others should not pay for a JVM. */
export async function neededServers(project: TestProject): Promise<Needed> {
  const { testFiles } = await project.globTestFiles(filters(project));
  const seen = new Set<string>();
  for (const file of testFiles) follow(file, seen);
  const isNeeded = (module: string) => seen.has(fileURLToPath(new URL(module, import.meta.url)));
  return {
    dynamoDBLocal: isNeeded(askedThrough.dynamoDBLocal),
    redis: isNeeded(askedThrough.redis),
    redisCluster: isNeeded(askedThrough.redisCluster),
  };
}

/** The file names on the command line; none in watch mode, where they change while the servers run. */
function filters({ vitest }: TestProject): string[] {
  if (vitest.config.watch) return [];
  // Not a documented member: without it every test file counts, which costs a start and no more.
  const { filenamePattern } = vitest as { filenamePattern?: string[] | undefined };
  return filenamePattern?.map((pattern) => pattern.replace(/:\d+$/, '')) ?? [];
}

/** Adds the file and what it imports. The set-up itself is imported by no test file. */
function follow(file: string, seen: Set<string>): void {
  if (seen.has(file) || !existsSync(file)) return;
  seen.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g))
    follow(resolve(dirname(file), `${path}.ts`), seen);
}
