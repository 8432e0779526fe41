import colors from 'picocolors';
import { DemoError, readWorkload } from './clusters.js';
import { measure, startServers } from './demo.js';
import { isParseError, parseOptions } from './options.js';
import { createProgress, describe, report } from './report.js';
import { drawTraffic } from './traffic.js';
import { problemsOf } from './verdict.js';

const BAD_ARGUMENTS = 2;
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const progress = createProgress(process.stderr);
  try {
    const { cluster, requests, seed, json } = parseOptions(argv);
    const workload = readWorkload(cluster);
    const traffic = drawTraffic(workload, requests, seed);
    if (!traffic.requests.some(({ kind }) => kind === 'read')) {
      throw new DemoError(`None of ${requests} requests of cluster ${cluster} reads: give more.`);
    }
    progress.say(describe(workload, traffic, seed));

    const servers = startServers();
    for (const [signal, code] of Object.entries(INTERRUPTED)) {
      process.once(signal, () => void servers.stop().finally(() => process.exit(code)));
    }
    try {
      const result = await measure(servers, workload, requests, seed, progress);
      const { figures, withCache, withoutCache } = result;
      if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
      else process.stdout.write(`${report(result)}\n`);
      const problems = problemsOf(figures, [...withoutCache.errors, ...withCache.errors]);
      for (const problem of problems) progress.say(colors.red(problem));
      return problems.length === 0 ? 0 : 1;
    } finally {
      await servers.stop();
    }
  } catch (error) {
    if (isParseError(error)) return error.exitCode === 0 ? 0 : BAD_ARGUMENTS;
    progress.say(colors.red(error instanceof Error ? error.message : String(error)));
    return error instanceof DemoError ? BAD_ARGUMENTS : 1;
  }
}
