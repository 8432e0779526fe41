import { isRecord } from '../../model/key-space.js';
import type { StoredRecord } from '../../stores/stored-record.js';
import { storeCommand } from '../command.js';
import { stateOf, userStart } from '../entries.js';
import { bytesText, countText } from '../format.js';
import { count } from '../options.js';
import { renderTable } from '../table.js';

interface Group {
  readonly name: string;
  items: number;
  bytes: number;
  expired: number;
}
interface Biggest {
  readonly key: string;
  readonly bytes: number;
}

const BIGGEST = 5;
/** The most groups that are kept apart, because keys may begin with anything. */
const MOST_GROUPS = 1_000;

export const statsCommand = () =>
  storeCommand<{ depth?: number }>({
    usage: 'stats',
    description:
      'Count items and bytes, by the start of their keys, with those that have expired and are not yet collected, and the biggest. It reads the whole store; on DynamoDB that costs read units, on S3 a request an object.',
    examples: ['glasswork-cache stats --table my-cache --depth 2'],
    options(command) {
      command.option(
        '--depth <n>',
        'group by this many parts of a key, which colons end (default: 1)',
        count,
      );
    },
    async run({ options, terminal, target }) {
      const depth = options.depth ?? (target.keys.prefix === undefined ? 1 : 2);
      const tally = new Tally(depth);
      for await (const page of target.inspection.pages(userStart(target.keys)))
        for (const record of page) tally.add(record);
      const { all, biggest } = tally;
      const groups = tally.sorted();
      if (terminal.json) {
        const json = { items: all.items, bytes: all.bytes, expired: all.expired, groups, biggest };
        await terminal.write(`${JSON.stringify(json, null, 2)}\n`);
        return undefined;
      }
      const { colors } = terminal;
      await terminal.write(
        `${countText(all.items, 'item')}, ${bytesText(all.bytes)}, ${all.expired.toLocaleString('en-US')} expired and not yet collected\n`,
      );
      if (groups.length === 0) return undefined;
      const groupTable = await renderTable<Group>(
        terminal,
        [
          { head: 'KEYS', flexible: true, text: ({ name }) => name },
          { head: 'ITEMS', align: 'right', text: ({ items }) => items.toLocaleString('en-US') },
          { head: 'SIZE', align: 'right', text: ({ bytes }) => bytesText(bytes) },
          {
            head: 'EXPIRED',
            align: 'right',
            text: ({ expired }) => expired.toLocaleString('en-US'),
          },
        ],
        groups.slice(0, 30),
      );
      const biggestTable = await renderTable<Biggest>(
        terminal,
        [
          { head: 'BIGGEST', flexible: true, text: ({ key }) => key },
          { head: 'SIZE', align: 'right', text: ({ bytes }) => bytesText(bytes) },
        ],
        biggest,
      );
      const more =
        groups.length > 30
          ? `${colors.dim(`${groups.length - 30} more: --json lists them`)}\n`
          : '';
      await terminal.write(`\n${groupTable}${more}\n${biggestTable}`);
      return undefined;
    },
  });

class Tally {
  readonly all: Group = { name: '', items: 0, bytes: 0, expired: 0 };
  biggest: Biggest[] = [];
  readonly #groups = new Map<string, Group>();
  readonly #depth: number;
  readonly #now = Date.now();

  constructor(depth: number) {
    this.#depth = depth;
  }

  add(record: StoredRecord): void {
    const group = this.#group(groupOf(record, this.#depth));
    const isExpired = stateOf(record, this.#now) === 'expired';
    for (const each of [this.all, group]) {
      each.items++;
      each.bytes += record.bytes;
      if (isExpired) each.expired++;
    }
    const { key, bytes } = record;
    this.biggest = [...this.biggest, { key, bytes }]
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, BIGGEST);
  }

  sorted(): Group[] {
    return [...this.#groups.values()].sort((a, b) => b.bytes - a.bytes);
  }

  #group(name: string): Group {
    const isFull = this.#groups.size >= MOST_GROUPS && !this.#groups.has(name);
    const kept = isFull ? '(others)' : name;
    const group = this.#groups.get(kept) ?? { name: kept, items: 0, bytes: 0, expired: 0 };
    this.#groups.set(kept, group);
    return group;
  }
}

function groupOf({ key, kind }: StoredRecord, depth: number): string {
  if (kind === 'tombstone') return '(tombstones)';
  if (kind === 'token') return '(tokens)';
  if (kind === 'foreign') return '(other programs)';
  const parts = key.split(':');
  if (isRecord(key)) return parts.slice(0, 2).join(':');
  return parts.length > depth ? `${parts.slice(0, depth).join(':')}:*` : key.slice(0, 60);
}
