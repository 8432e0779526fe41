import type { Command } from 'commander';
import { storeCommand } from '../command.js';
import { EXIT } from '../exit.js';
import { countText } from '../format.js';
import { addYes } from '../options.js';
import type { Target } from '../target/target.js';
import type { Terminal } from '../terminal.js';

interface Yes {
  readonly yes?: boolean;
}

/** Asks, does it, and says what was done. */
async function confirmed(
  { terminal, options, target }: { terminal: Terminal; options: Yes; target: Target },
  what: { question: string; done: string; json: object },
  act: () => Promise<unknown>,
): Promise<number> {
  const question = `${what.question} in ${target.title}?`;
  if (!(await terminal.confirm(question, options.yes ?? false))) {
    terminal.note('Nothing was changed.');
    return EXIT.no;
  }
  await act();
  const text = terminal.json ? JSON.stringify(what.json) : what.done;
  await terminal.write(`${text}\n`);
  return EXIT.done;
}

const list = (names: readonly string[]): string =>
  names.length > 3
    ? `${names.length} of them`
    : names.map((name) => JSON.stringify(name)).join(', ');

export const delCommand = () =>
  storeCommand<Yes & { pattern?: boolean }>({
    usage: 'del <keys...>',
    description:
      'Delete keys, or with --pattern all keys that match. Loads that run now cannot bring the old values back.',
    examples: [
      'glasswork-cache del user:1 user:2 --table my-cache --prefix shop',
      "glasswork-cache del --pattern 'user:*' --yes --table my-cache --prefix shop",
    ],
    options(command: Command) {
      addYes(command).option('--pattern', 'the arguments are patterns with *, ? and \\');
    },
    async run({ many: keys, ...call }) {
      const { service } = call.target;
      if (!call.options.pattern)
        return confirmed(
          call,
          {
            question: `Delete ${list(keys)}`,
            done: `Deleted ${countText(keys.length, 'key')}.`,
            json: { deleted: keys },
          },
          () => service.delMany(keys),
        );
      const json: { patterns: readonly string[]; deleted?: number } = { patterns: keys };
      let done = '';
      const what = {
        question: `Delete all keys that match ${list(keys)}`,
        json,
        get done() {
          return done;
        },
      };
      return confirmed(call, what, async () => {
        let deleted = 0;
        for (const pattern of keys) deleted += (await service.delByPattern(pattern)) ?? 0;
        json.deleted = deleted;
        done = `Deleted ${countText(deleted, 'key')}.`;
      });
    },
  });

export const expireCommand = () =>
  storeCommand<Yes & { tags?: boolean }>({
    usage: 'expire <keys...>',
    description:
      'Make keys stale, or with --tags all values with these tags: they are served once more, and refreshed.',
    examples: [
      'glasswork-cache expire user:1 --table my-cache --prefix shop',
      'glasswork-cache expire --tags users --yes --table my-cache --prefix shop',
    ],
    options(command: Command) {
      addYes(command).option('--tags', 'the arguments are tags');
    },
    async run({ many: names, ...call }) {
      const { service } = call.target;
      const noun = call.options.tags ? 'tag' : 'key';
      const what = {
        question: `Expire ${call.options.tags ? 'all values with the tags ' : ''}${list(names)}`,
        done: `Expired ${countText(names.length, noun)}.`,
        json: { expired: names },
      };
      return confirmed(call, what, () =>
        call.options.tags
          ? service.expireTags(names)
          : Promise.all(names.map((name) => service.expire(name))),
      );
    },
  });

export const invalidateCommand = () =>
  storeCommand<Yes>({
    usage: 'invalidate <tags...>',
    description: 'Invalidate every value that carries one of the tags: one write a tag.',
    examples: ['glasswork-cache invalidate users --table my-cache --prefix shop'],
    options: (command: Command) => void addYes(command),
    async run({ many: tags, ...call }) {
      const what = {
        question: `Invalidate all values with the tags ${list(tags)}`,
        done: `Invalidated ${countText(tags.length, 'tag')}.`,
        json: { invalidated: tags },
      };
      return confirmed(call, what, () => call.target.service.invalidateTags(tags));
    },
  });

export const clearCommand = () =>
  storeCommand<Yes & { physical?: boolean }>({
    usage: 'clear',
    description:
      'Invalidate every value of the service with one write. --physical deletes all records of all services instead.',
    examples: ['glasswork-cache clear --yes --table my-cache --prefix shop'],
    options(command: Command) {
      addYes(command).option(
        '--physical',
        'delete all records of the store, tombstones and versions included',
      );
    },
    async run(call) {
      const { service, store, keys } = call.target;
      const whose =
        keys.prefix === undefined ? 'of the service without a prefix' : `of "${keys.prefix}"`;
      if (!call.options.physical)
        return confirmed(
          call,
          {
            question: `Invalidate all values ${whose}`,
            done: `Invalidated all values ${whose}.`,
            json: { cleared: keys.prefix ?? null },
          },
          () => service.clear(),
        );
      const what = {
        question: 'Delete all records of all services',
        done: 'Deleted all records.',
        json: { cleared: '*' },
      };
      return confirmed(call, what, async () => store.clear?.());
    },
  });
