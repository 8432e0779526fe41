import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const asksForServers = fileURLToPath(new URL('available.ts', import.meta.url));

/** Whether a test file of this run asks for DynamoDB Local: a run of others should not pay for a JVM. */
export async function needsDynamoDBLocal(project: TestProject): Promise<boolean> {
  const { testFiles } = await project.globTestFiles(filters(project));
  const seen = new Set<string>();
  return testFiles.some((file) => reaches(file, seen));
}

/** The file names on the command line; none in watch mode, where they change while the servers run. */
function filters({ vitest }: TestProject): string[] {
  if (vitest.config.watch) return [];
  // Not a documented member: without it every test file counts, which costs a start and no more.
  const { filenamePattern } = vitest as { filenamePattern?: string[] | undefined };
  return filenamePattern?.map((pattern) => pattern.replace(/:\d+$/, '')) ?? [];
}

function reaches(file: string, seen: Set<string>): boolean {
  if (file === asksForServers) return true;
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g);
  return [...imports].some(([, path]) => reaches(resolve(dirname(file), `${path}.ts`), seen));
}
