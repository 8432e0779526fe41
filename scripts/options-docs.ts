import { readFileSync, writeFileSync } from 'node:fs';
import { root } from './run.js';

// Writes docs/options.md from the comments of the options in src/: npx tsx scripts/options-docs.ts

export const PAGE = 'docs/options.md';

/** The interfaces of the page, with what their options are given to. */
const OPTIONS = [
  ['CacheConfig', 'src/model/config.ts', '`new CacheService(store, config)`'],
  ['WrapOptions', 'src/model/policy.ts', '`wrap`, `wrapMany`, `memoize` and `CacheConfig`'],
  ['DynamoDBCacheStoreOptions', 'src/stores/dynamodb/options.ts', '`new DynamoDBCacheStore`'],
  ['RedisCacheStoreOptions', 'src/stores/redis/options.ts', '`new RedisCacheStore`'],
  ['S3CacheStoreOptions', 'src/stores/s3/options.ts', '`new S3CacheStore`'],
  ['MemoryCacheStoreOptions', 'src/stores/memory/options.ts', '`new MemoryCacheStore`'],
  ['TieredCacheStoreOptions', 'src/stores/tiered/options.ts', '`new TieredCacheStore(tiers, …)`'],
  ['KeyvCacheStoreOptions', 'src/stores/keyv/options.ts', '`new KeyvCacheStore(keyv, …)`'],
  ['CompressionOptions', 'src/serializers/compressed.ts', '`compressed(inner, …)`'],
  ['EncryptionOptions', 'src/serializers/encrypted.ts', '`encrypted(inner, …)`'],
  ['AfterResponseOptions', 'src/lambda/after-response.ts', '`afterResponse`'],
  ['ResponseCacheOptions', 'src/http/options.ts', '`responseCache` and `cacheResponses`'],
  ['CloudFrontOptions', 'src/http/cloudfront/cloud-front.ts', '`cloudFront`'],
  ['CacheModuleOptions', 'src/glasswork/cache-module.ts', '`cacheModule`'],
  ['EmfOptions', 'src/metrics/emf.ts', '`emf`'],
  ['OpenTelemetryOptions', 'src/metrics/open-telemetry.ts', '`openTelemetry(meter, tracer, …)`'],
  [
    'LoggerOptions',
    'src/metrics/loggers.ts',
    '`pinoLogger`, `powertoolsLogger` and `diagnosticsChannel`',
  ],
] as const;

const HEAD = `# Options

Every option of the service, the stores, the serializers and the listeners, with its meaning and its default. This page is
written from the comments of the code, and a test compares them.

A duration is a number of seconds or a string with its unit, such as \`'250ms'\` or \`'5m'\`: [Durations](./concepts.md#durations).
An option that cannot work is refused by the constructor or the call with \`INVALID_OPTION\` or \`INVALID_DURATION\`, which
names it.

\`\`\`ts
import { CacheService, MemoryCacheStore } from '@glasswork/cache';

const store = new MemoryCacheStore({ maxEntries: 5_000 });
export const cache = new CacheService(store, { defaultTTL: '5m', staleIfError: '1h' });
\`\`\`
`;

const FOOT = `## Limits

- Members that only the types know, such as those of events and entries, are in the API reference of the site.
`;

export interface Option {
  readonly name: string;
  readonly isOptional: boolean;
  readonly text: string;
}

/** The members of an interface with their comments, as the source has it. */
export function optionsOf(name: string, source: string): Option[] {
  const start = source.search(new RegExp(`^export interface ${name}\\b`, 'm'));
  if (start === -1) throw new Error(`no interface ${name}`);
  const body = source.slice(start, source.indexOf('\n}', start));
  return [...body.matchAll(MEMBER)].map(([, comment = '', member = '', optional]) => ({
    name: member,
    isOptional: optional === '?',
    text: comment
      .replace(/\n {3}\* ?/g, '\n')
      .trim()
      .replace(/\s+/g, ' '),
  }));
}

/** A member on the first level, behind its comment. */
const MEMBER = /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\n)?^ {2}(?:readonly )?(\w+)(\?)?[:(]/gm;

function tableOf(options: readonly Option[]): string {
  const rows = options.map(({ name, isOptional, text }) => [
    `\`${name}\`${isOptional ? '' : ' (required)'}`,
    text.replaceAll('|', '\\|'),
  ]);
  const all = [['option', 'meaning'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell))).join(' | ')} |`;
  return [line(all[0] ?? []), line(widths.map((w) => '-'.repeat(w))), ...rows.map(line)].join('\n');
}

const width = (text: string): number => [...text].length;

export function optionsPage(): string {
  const sections = OPTIONS.map(([name, file, where]) => {
    const source = readFileSync(root + file, 'utf8');
    const parent = new RegExp(`^export interface ${name}\\b[^{]*extends ([^{]+) \\{`, 'm').exec(
      source,
    );
    const more = parent ? `, and all of \`${parent[1]?.replace(/\s+/g, ' ').trim()}\`` : '';
    return `## ${name}\n\nFor ${where}${more}.\n\n${tableOf(optionsOf(name, source))}\n`;
  });
  return [HEAD, ...sections, FOOT].join('\n');
}

if (import.meta.filename === process.argv[1]) writeFileSync(root + PAGE, optionsPage());
