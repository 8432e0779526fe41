import { Command, CommanderError, InvalidArgumentError } from 'commander';

export interface Options<N extends string> {
  readonly only: readonly N[];
  readonly rounds: number | undefined;
  readonly json: boolean;
}

const DESCRIPTION = `Measures the built package against the AWS SDK and against bare code, in this machine alone: an embedded
DynamoDB on loopback. Contestants take turns; a figure is a ratio of medians of one run.

Exit code: 0 when every figure meets its target, 1 when one misses, 2 for arguments that cannot be used.`;

/**
 * The command line's options. Help and errors have been written when this throws.
 *
 * @throws CommanderError with `exitCode` 0 after help, else 1.
 */
export function parseOptions<N extends string>(
  argv: readonly string[],
  names: readonly N[],
): Options<N> {
  const program = new Command('npm run bench --')
    .description(DESCRIPTION)
    .option('--only <names>', `some figures, by comma: ${names.join(', ')}`, someOf(names), names)
    .option('--rounds <number>', 'rounds of each figure, instead of its own number', wholeNumber)
    .option('--json', 'print the results as JSON, and nothing else, on stdout', false)
    .allowExcessArguments(false)
    .exitOverride();
  return program.parse(argv, { from: 'user' }).opts<Options<N>>();
}

export const isParseError = (error: unknown): error is CommanderError =>
  error instanceof CommanderError;

function someOf<N extends string>(names: readonly N[]) {
  return (text: string): N[] => {
    const given = text.split(',');
    const unknown = given.find((name) => !names.includes(name as N));
    if (unknown === undefined) return names.filter((name) => given.includes(name));
    throw new InvalidArgumentError(`"${unknown}" is none of ${names.join(', ')}.`);
  };
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number from 1 to 9999.');
}
