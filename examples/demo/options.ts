import { Command, CommanderError, InvalidArgumentError } from 'commander';

export interface Options {
  readonly cluster: number;
  readonly requests: number;
  readonly seed: number;
  readonly json: boolean;
}

const DESCRIPTION = `Sends the traffic of a production cache cluster to the example API, with its cache and without it at \
the same time, on an embedded DynamoDB and an embedded PostgreSQL. It needs no network.

Clusters are rows of twitter-2020-03-clusters.csv. The latencies in the JSON are those of reads.
Exit code: 0 when the figures make sense, 1 when they do not, 2 for arguments that cannot be used.`;

/**
 * The command line's options. Help and errors have been written when this throws.
 *
 * @throws CommanderError with `exitCode` 0 after help, else 1.
 */
export function parseOptions(argv: readonly string[]): Options {
  const program = new Command('npm run demo --')
    .description(DESCRIPTION)
    .option('--cluster <number>', 'the cluster, 1 to 54', wholeNumber(1, 54), 52)
    .option('--requests <number>', 'how many requests', wholeNumber(50, 1_000_000), 2_500)
    .option('--seed <number>', 'of the traffic', wholeNumber(0, 2 ** 31), 1)
    .option('--json', 'print one JSON object, and nothing else, on stdout', false)
    .allowExcessArguments(false)
    .exitOverride();
  return program.parse(argv, { from: 'user' }).opts<Options>();
}

export const isParseError = (error: unknown): error is CommanderError =>
  error instanceof CommanderError;

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}
