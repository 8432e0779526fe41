import { storeCommand } from '../command.js';
import { decoded, entryJSON, valueText } from '../entry-json.js';
import { EXIT, UsageError } from '../exit.js';
import { type Dependency, explain } from '../explain.js';
import { bytesText, timeText } from '../format.js';
import { renderPairs } from '../table.js';
import { printable } from '../terminal.js';

/** Characters of a value that are shown without --full. */
const SHOWN = 2_000;

export const getCommand = () =>
  storeCommand<{ full?: boolean; raw?: boolean }>({
    usage: 'get <key>',
    description:
      'Show the value of a key, its times, tags and versions, and why it would be a miss. Exits with 1 if it would be.',
    examples: ['glasswork-cache get user:1 --table my-cache --prefix shop'],
    options(command) {
      command
        .option('--full', `show all of a value longer than ${SHOWN} characters`)
        .option('--raw', 'print the stored value alone, as the serializer wrote it');
    },
    async run({ args: [key = ''], options, terminal, target }) {
      const record = await target.inspection.read(target.keys.key(key));
      const now = Date.now();
      const found = await explain(target, record, now);
      const code = found.verdict === 'fresh' || found.verdict === 'stale' ? EXIT.done : EXIT.no;
      const raw = record?.raw;
      if (options.raw) {
        if (record?.isPointer)
          throw new UsageError('The value is in the overflow store: --raw shows what is here.');
        if (raw !== undefined) process.stdout.write(raw);
        return code;
      }
      if (terminal.json) {
        const text = raw === undefined ? {} : decoded(raw);
        const { record: rest, ...json } = entryJSON(key, found, record);
        await terminal.write(`${JSON.stringify({ ...json, ...text, record: rest }, null, 2)}\n`);
        return code;
      }
      const { colors } = terminal;
      const color = code === EXIT.done ? colors.green : colors.yellow;
      const at = (time: number | undefined) =>
        time === undefined ? undefined : timeText(time, now);
      const { entry } = found;
      const pairs = renderPairs(terminal, [
        ['key', key],
        ['created', at(entry?.createdAt)],
        ['stale', entry && (at(entry.staleAt) ?? 'never')],
        ['expires', at(entry?.expiresAt)],
        ['removed', at(record?.collectedAt)],
        ['load took', entry && `${Math.round(entry.loadMs)} ms`],
        ['size', record && bytesText(record.bytes)],
        ['version', record?.version || undefined],
        ['value', record?.isPointer && 'in the overflow store, which is not read here'],
        ...found.dependencies.map((each) => [each.kind, dependencyText(each)] as const),
      ]);
      await terminal.write(`${color(found.verdict)}: ${found.why}\n${pairs}`);
      if (raw !== undefined) await terminal.write(`\n${shown(raw, options.full ?? false)}\n`);
      return code;
    },
  });

function shown(raw: string | Uint8Array, isFull: boolean): string {
  const text = valueText(raw);
  const clean = text.split('\n').map(printable).join('\n');
  if (isFull || clean.length <= SHOWN) return clean;
  return `${clean.slice(0, SHOWN)}…\n(${clean.length - SHOWN} more characters: --full shows them)`;
}

function dependencyText({ name, change, carried, current }: Dependency): string {
  if (change === 'none') return `${name || '(none)'}: current`;
  return `${name || '(none)'}: ${carried || '(absent)'} in the entry, ${current || '(absent)'} now`;
}
