import { type Command, Option } from 'commander';
import { plainCommand } from '../command.js';
import { examineBucket } from '../doctor/bucket.js';
import { type DoctorOptions, examineDynamoDB } from '../doctor/dynamodb.js';
import { type Finding, type Level, ok, PAGES, problem } from '../doctor/finding.js';
import { ROLES, type Role } from '../doctor/permissions.js';
import { examineRedis } from '../doctor/redis.js';
import { EXIT, UsageError } from '../exit.js';
import { addPlace, type Shared, storeKind } from '../options.js';
import { errorText } from '../report-error.js';
import { openTarget, useProfile } from '../target/open.js';
import type { Target } from '../target/target.js';
import { printable, type Terminal } from '../terminal.js';

export const doctorCommand = () =>
  addPlace(
    plainCommand<Shared & { role: Role; function?: readonly string[]; dax?: string }>({
      usage: 'doctor',
      description:
        'Examine the store, its settings and permissions, clock and latency, and say what to do about each fault. Exits with 1 if there is a problem.',
      examples: [
        'glasswork-cache doctor --table my-cache --region eu-central-1 --function my-api',
        'glasswork-cache doctor --redis rediss://my-cache.example.com:6379',
        'glasswork-cache doctor --bucket my-cache-bucket --role maintainer',
      ],
      options(command: Command) {
        command
          .addOption(
            new Option('--role <role>', 'what these credentials are for')
              .choices(ROLES)
              .default('writer'),
          )
          .option('--function <name...>', 'Lambda functions whose runtime to examine')
          .option('--dax <cluster>', 'the cluster of DAX in front of the table');
      },
      async run({ options, terminal, command }) {
        useProfile(options);
        const findings: Finding[] = [];
        for await (const finding of examine(options, command)) {
          findings.push(finding);
          if (!terminal.json) await terminal.write(lineOf(terminal, finding));
        }
        const problems = findings.filter(({ level }) => level === 'problem').length;
        const warnings = findings.filter(({ level }) => level === 'warning').length;
        if (terminal.json)
          await terminal.write(
            `${JSON.stringify({ ok: problems === 0, problems, warnings, findings }, null, 2)}\n`,
          );
        else
          await terminal.write(
            `\n${problems} problems, ${warnings} warnings\n`.replace(/\b1 (\w+)s/g, '1 $1'),
          );
        return problems === 0 ? EXIT.done : EXIT.no;
      },
    }),
  );

async function* examine(
  options: Shared & { role: Role; function?: readonly string[]; dax?: string },
  command: Command,
): AsyncGenerator<Finding> {
  let problems = 0;
  for await (const finding of examinations(options, command)) {
    if (finding.level === 'problem') problems++;
    yield finding;
  }
  // The proof of the whole adds nothing to faults that are known.
  if (problems > 0) return;
  const target = await openTarget(options, command);
  try {
    await target.service.check();
    yield ok('check', 'reads, fills, the fence, tags and invalidation work');
  } catch (error) {
    if (options.role !== 'reader')
      yield problem('check', errorText(error), 'Do what the message says', PAGES.troubleshooting);
  } finally {
    await target.close();
  }
}

const EXAMINATIONS: Readonly<
  Record<Target['kind'], (options: DoctorOptions) => AsyncGenerator<Finding>>
> = { dynamodb: examineDynamoDB, redis: examineRedis, s3: examineBucket };

async function* examinations(
  options: Shared & { role: Role; function?: readonly string[]; dax?: string },
  command: Command,
): AsyncGenerator<Finding> {
  const kind = storeKind(options, command);
  try {
    const given: DoctorOptions = { ...options, functions: options.function ?? [] };
    yield* EXAMINATIONS[kind](given);
  } catch (error) {
    if (error instanceof UsageError || Object(error).code === 'INVALID_OPTION') throw error;
    const remedy = 'Do what the message says, and run doctor again';
    yield problem('connection', errorText(error), remedy, PAGES.troubleshooting);
  }
}

const MARKS: Readonly<
  Record<Level, readonly [mark: string, color: 'green' | 'dim' | 'yellow' | 'red']>
> = {
  ok: ['ok', 'green'],
  note: ['note', 'dim'],
  warning: ['WARN', 'yellow'],
  problem: ['FAIL', 'red'],
};

function lineOf({ colors }: Terminal, { check, level, text, remedy, page }: Finding): string {
  const [mark, color] = MARKS[level];
  const line = `${colors[color](mark.padEnd(4))}  ${check}: ${printable(text)}\n`;
  return remedy ? `${line}      ${printable(remedy)}.\n      ${colors.dim(page ?? '')}\n` : line;
}
