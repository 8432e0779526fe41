import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from './exit.js';

/** Where the records are. */
export interface Place {
  readonly table?: string | undefined;
  readonly redis?: string | undefined;
  readonly bucket?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  /** The `keyPrefix` of the service. */
  readonly prefix?: string | undefined;
  /** The prefix of the Redis or S3 store itself. */
  readonly storePrefix?: string | undefined;
}

export interface Shared extends Place {
  readonly json?: boolean | undefined;
}

/** The options of every command that uses a store. */
export function addPlace(command: Command): Command {
  return addJson(
    command
      .optionsGroup('Where:')
      .addOption(new Option('--table <name>', 'the DynamoDB table').env('CACHE_TABLE'))
      .addOption(new Option('--redis <url>', 'the Redis or Valkey server').env('CACHE_URL'))
      .addOption(new Option('--bucket <name>', 'the S3 bucket').env('CACHE_BUCKET'))
      .option('--region <region>', 'the AWS region (default: that of the profile)')
      .option('--profile <name>', 'the AWS profile')
      .option('--endpoint <url>', 'another endpoint, such as http://localhost:8000')
      .option('--prefix <name>', 'the keyPrefix of the service')
      .option('--store-prefix <name>', 'the prefix of a Redis or S3 store (default: cache)'),
  );
}

export function addJson(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('--json', 'print JSON')
    .option('--no-color', 'print no colour');
}

export const addYes = (command: Command): Command =>
  command.optionsGroup('Options:').option('-y, --yes', 'do not ask');

/** A whole number above zero. */
export function count(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('Give a whole number above zero.');
}

/** @throws UsageError unless exactly one store is named. An option on the command line wins over the environment. */
export function storeKind(place: Place, command: Command): 'dynamodb' | 'redis' | 's3' {
  const named = (['table', 'redis', 'bucket'] as const).filter((name) => place[name]);
  const given = named.filter((name) => command.getOptionValueSource(name) === 'cli');
  const [kind, ...others] = given.length > 0 ? given : named;
  if (kind && others.length === 0) return KINDS[kind];
  throw new UsageError(
    kind
      ? `${[kind, ...others].map((name) => `--${name}`).join(' and ')} name several stores: give one.`
      : 'No store is named: give --table, --redis or --bucket, or set CACHE_TABLE, CACHE_URL or CACHE_BUCKET.',
  );
}
const KINDS = { table: 'dynamodb', redis: 'redis', bucket: 's3' } as const;

/** Adds an example to the help, which every command has. */
export function example(command: Command, ...lines: readonly string[]): Command {
  const heading = lines.length > 1 ? 'Examples' : 'Example';
  return command.addHelpText(
    'after',
    `\n${heading}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`,
  );
}
