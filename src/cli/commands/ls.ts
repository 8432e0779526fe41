import { storeCommand } from '../command.js';
import { stateOf } from '../entries.js';
import { agoText, bytesText, countText, isoTime } from '../format.js';
import { count } from '../options.js';
import { type FoundKey, searchKeys } from '../search.js';
import { type Column, type Layout, layoutOf, renderTable } from '../table.js';
import type { Terminal } from '../terminal.js';

/** Rows that are laid out and printed together, so that a list of any length needs little memory. */
const BLOCK = 500;
const LIMIT = 100;

export const lsCommand = () =>
  storeCommand<{ limit?: number; all?: boolean; dead?: boolean; records?: boolean }>({
    usage: 'ls [pattern]',
    description:
      'List keys, with size and time. The pattern knows *, ? and \\. It reads the store until it has enough; on DynamoDB that costs read units, on S3 a request an object.',
    examples: [
      "glasswork-cache ls 'user:*' --table my-cache --prefix shop",
      'glasswork-cache ls --all --json --redis redis://localhost | jq .key',
    ],
    options(command) {
      command
        .option('--limit <n>', `at most this many keys (default: ${LIMIT})`, count)
        .option('--all', 'all keys')
        .option('--dead', 'also expired values, tombstones and tokens')
        .option(
          '--records',
          "also the service's own records: versions of tags and prefixes, leases",
        );
    },
    async run({ args: [pattern = '*'], options, terminal, target }) {
      const limit = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? LIMIT);
      const print = printer(terminal);
      let printed = 0;
      let hasMore = false;
      for await (const { rows } of searchKeys(target, pattern, { ...options, limit })) {
        const next = rows.slice(0, limit - printed);
        printed += next.length;
        hasMore = next.length < rows.length;
        await print(next);
        if (hasMore) break;
      }
      await print(undefined);
      if (!terminal.json)
        terminal.note(
          terminal.colors.dim(
            `${countText(printed, 'key')}${hasMore ? ', and more: --limit or --all' : ''}`,
          ),
        );
      return undefined;
    },
  });

/** Prints rows block by block; `undefined` ends the list. JSON is one object a line, for pipes of any length. */
function printer(terminal: Terminal): (rows: readonly FoundKey[] | undefined) => Promise<void> {
  const columns = columnsOf(terminal);
  let waiting: FoundKey[] = [];
  let layout: Layout | undefined;
  return async (rows) => {
    if (rows) waiting.push(...rows);
    while (waiting.length >= BLOCK || (!rows && waiting.length > 0)) {
      const block = waiting.slice(0, BLOCK);
      waiting = waiting.slice(BLOCK);
      if (terminal.json) await terminal.write(block.map((row) => `${jsonOf(row)}\n`).join(''));
      else {
        const isFirst = layout === undefined;
        layout ??= layoutOf(columns, block, terminal.width);
        await terminal.write(
          await renderTable(terminal, columns, block, { layout, head: isFirst }),
        );
      }
    }
  };
}

function columnsOf({ colors }: Terminal): Column<FoundKey>[] {
  const now = Date.now();
  const dim = { live: undefined, stale: colors.yellow };
  return [
    { head: 'KEY', flexible: true, text: ({ key }) => key },
    {
      head: 'STATE',
      text: ({ record }) => stateOf(record, now),
      color: ({ record }) => {
        const state = stateOf(record, now);
        // `in` has found it.
        return state in dim ? dim[state as keyof typeof dim] : colors.dim;
      },
    },
    { head: 'SIZE', align: 'right', text: ({ record }) => bytesText(record.bytes) },
    {
      head: 'EXPIRES',
      text: ({ record }) => (record.expiresAt ? agoText(record.expiresAt, now) : '-'),
    },
  ];
}

function jsonOf({ key, record }: FoundKey): string {
  const { bytes, expiresAt, collectedAt } = record;
  return JSON.stringify({
    key,
    state: stateOf(record, Date.now()),
    bytes,
    expiresAt: expiresAt ? isoTime(expiresAt) : null,
    collectedAt: collectedAt === undefined ? null : isoTime(collectedAt),
  });
}
