import { Command, CommanderError, InvalidArgumentError } from 'commander';

/** The acts in their order, by letter. */
export const ACTS = {
  a: 'traffic',
  b: 'stampede',
  c: 'update-race',
  d: 'outage',
  e: 'cold-start',
} as const;
export type ActName = (typeof ACTS)[keyof typeof ACTS];

export interface Options {
  readonly cluster: number;
  readonly requests: number;
  readonly seed: number;
  /** The median of the time that a network adds to each query, milliseconds. */
  readonly origin: number;
  readonly acts: readonly ActName[];
  readonly json: boolean;
}

const NAMES = Object.values(ACTS);
const LONGEST_ORIGIN_MS = 10_000;
const DESCRIPTION = `Five acts on an embedded DynamoDB and an embedded PostgreSQL; none needs a network or an account:
  a  traffic      production traffic through the example API, with its cache and without it at the same time
  b  stampede     ten processes miss one key at once
  c  update-race  updates while a slow load runs
  d  outage       the database is killed under traffic
  e  cold-start   a bundled handler, with the AWS SDK and with this cache

Act a draws its traffic from a row of twitter-2020-03-clusters.csv. The latencies at the top of the JSON are those of
its reads.
Exit code: 0 when the figures make sense, 1 when they do not, 2 for arguments that cannot be used.`;

/**
 * The command line's options. Help and errors have been written when this throws.
 *
 * @throws CommanderError with `exitCode` 0 after help, else 1.
 */
export function parseOptions(argv: readonly string[]): Options {
  const program = new Command('npm run demo --')
    .description(DESCRIPTION)
    .option('--act <names>', 'only these acts, by letter or name, such as b,outage', collectActs)
    .option('--origin <time>', 'what a network adds to each query, such as 30ms', duration, 30)
    .option('--cluster <number>', 'the cluster of act a, 1 to 54', wholeNumber(1, 54), 52)
    .option('--requests <number>', 'the requests of act a', wholeNumber(50, 1_000_000), 2_000)
    .option('--seed <number>', 'of the traffic and of the networks', wholeNumber(0, 2 ** 31), 1)
    .option('--json', 'print one JSON object, and nothing else, on stdout', false)
    .allowExcessArguments(false)
    .exitOverride();
  const { act = [], ...options } = program
    .parse(argv, { from: 'user' })
    .opts<Omit<Options, 'acts'> & { act?: readonly ActName[] }>();
  return { ...options, acts: act.length > 0 ? NAMES.filter((name) => act.includes(name)) : NAMES };
}

export const isParseError = (error: unknown): error is CommanderError =>
  error instanceof CommanderError;

/** `--act b,c` and `--act b --act c` are the same. */
function collectActs(text: string, before: readonly ActName[] = []): readonly ActName[] {
  return [...before, ...text.split(',').map((one) => actOf(one.trim().toLowerCase()))];
}

function actOf(text: string): ActName {
  const name = NAMES.find((one) => one === text);
  if (name) return name;
  if (Object.hasOwn(ACTS, text)) return ACTS[text as keyof typeof ACTS];
  const known = Object.entries(ACTS).map(([letter, one]) => `${letter} (${one})`);
  throw new InvalidArgumentError(`"${text}" is not an act. Acts: ${known.join(', ')}.`);
}

function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text.trim()) ?? [];
  const value = Number(amount) * (unit === 's' ? 1_000 : 1);
  if (value <= LONGEST_ORIGIN_MS) return value;
  throw new InvalidArgumentError('Give a time from 0ms to 10s, such as 30ms.');
}

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}
