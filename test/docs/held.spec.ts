import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';
import { createProgram } from '../../src/cli/program.js';
import { settings } from '../../src/model/config.js';
import { LONGEST_LOAD_MS, SHORTEST_RECORD_MS } from '../../src/model/fence-window.js';
import { DEFAULT_LEASE } from '../../src/model/policy.js';
import { LONGEST_LIFE_MS } from '../../src/model/time.js';
import { ITEM_LIMIT_BYTES } from '../../src/stores/dynamodb/options.js';
import { OVERFLOW_BYTES } from '../../src/stores/overflow/overflow.js';

// Hand-written parts of the pages, held against what is generated from the code, or the code itself.

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const reference = read('docs/options.md');

/** The rows of the tables in a section: their cells, without spaces around them. */
const rowsOf = (section: string): string[][] =>
  [...section.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = '']) => row.split(/ *\| +/).map((cell) => cell.trim()))
    .filter(([first = '']) => !/^-+:?$/.test(first));
const optionsIn = (section: string) =>
  rowsOf(section).filter(([name = '']) => name.startsWith('`'));
const sectionOf = (text: string, heading: string): string =>
  text.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`)) ?? '';
const namesIn = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

const UNITS: Readonly<Record<string, number>> = {
  ...{
    ms: 1,
    milliseconds: 1,
    s: 1_000,
    seconds: 1_000,
    second: 1_000,
    m: 60_000,
    minutes: 60_000,
  },
  ...{ h: 3_600_000, hours: 3_600_000, KB: 1024, MB: 1024 ** 2, MiB: 1024 ** 2 },
};
/** The numbers of a text, with their units: "5 s", "`5s`" and "5 seconds" are the same. */
const quantities = (text: string): number[] =>
  [...text.matchAll(/(?<![\w.-])(\d[\d,_]*(?:\.\d+)?) ?([A-Za-z]+)?/g)].map(
    ([, number = '', unit = '']) => Number(number.replace(/[,_]/g, '')) * (UNITS[unit] ?? 1),
  );

describe('a table of options on a page', () => {
  it.each([
    ['dynamodb', 'DynamoDBCacheStoreOptions'],
    ['redis', 'RedisCacheStoreOptions'],
    ['s3', 'S3CacheStoreOptions'],
    ['tiers', 'TieredCacheStoreOptions'],
  ])('of %s names the options that there are, with their defaults', (page, type) => {
    const options = new Map(
      optionsIn(sectionOf(reference, type)).map(([name = '', meaning = '']) => [
        namesIn(name)[0] ?? '',
        meaning,
      ]),
    );
    const rows = optionsIn(sectionOf(read(`docs/${page}.md`), 'Options'));
    const named = rows.flatMap(([name = '']) => namesIn(name));
    expect(named.sort()).toEqual([...options.keys()].sort());
    for (const [name = '', ...cells] of rows) {
      const meaning = namesIn(name)
        .map((option) => options.get(option))
        .join(' ');
      const known = quantities(meaning);
      const [, word] = /^`([a-z]+)`$/.exec(cells.at(-1) ?? '') ?? [];
      const [, fallback = ''] = meaning.split(/[Dd]efault/);
      if (word !== undefined) expect(fallback, name).toMatch(new RegExp(`\\b${word}\\b`));
      for (const quantity of quantities(cells.at(-1) ?? ''))
        expect(known, `${name}: ${cells.at(-1)}, and the code says: ${meaning}`).toContain(
          quantity,
        );
    }
  });
});

describe('a default in the reference', () => {
  const { policy, trustMs, breaker } = settings({});
  it.each([
    ['CacheConfig', 'defaultTTL', [policy.ttl]],
    ['CacheConfig', 'tagTTL', [trustMs.tag]],
    ['CacheConfig', 'versionTTL', [trustMs.prefix]],
    ['CacheConfig', 'breaker', [breaker?.failures ?? -1, breaker?.cooldownMs ?? -1]],
    ['WrapOptions', 'jitter', [policy.jitter]],
    ['WrapOptions', 'earlyRefresh', [policy.earlyRefresh]],
    ['DynamoDBCacheStoreOptions', 'maxItemBytes', [ITEM_LIMIT_BYTES, OVERFLOW_BYTES]],
    ['RedisCacheStoreOptions', 'maxValueBytes', [OVERFLOW_BYTES]],
  ])('of %s.%s is the one of the code', (type, option, values) => {
    const row = rowsOf(sectionOf(reference, type)).find(([name = '']) =>
      name.startsWith(`\`${option}\``),
    );
    const said = quantities(row?.[1] ?? '');
    for (const value of values) expect(said, row?.join(': ')).toContain(value);
  });
});

describe('a limit in the text', () => {
  const DAY_MS = 24 * 3_600_000;
  const [, maxWait = ''] =
    optionsIn(sectionOf(reference, 'AfterResponseOptions')).find(
      ([name]) => name === '`maxWait`',
    ) ?? [];
  const [waitMs = 0] = quantities(maxWait.split('Default')[1] ?? '');
  it.each([
    ['concepts', /longer than (\d+) days/, LONGEST_LIFE_MS / DAY_MS],
    ['migration', /(\d+) days are the limit/, LONGEST_LIFE_MS / DAY_MS],
    ['why-it-holds', /longer than any entry can \((\d+) days\)/, LONGEST_LIFE_MS / DAY_MS],
    ['why-it-holds', /older than (\d+) minutes, by the wall clock/, LONGEST_LOAD_MS / 60_000],
    ['how-it-works', /longer than (\d+) minutes\s+does not fill/, LONGEST_LOAD_MS / 60_000],
    ['dynamodb', /(\d+) KB per item|at most (\d+) KB/, ITEM_LIMIT_BYTES / 1024],
    ['troubleshooting', /limit is (\d+) KB per item/, ITEM_LIMIT_BYTES / 1024],
    ['after-response', /(\d+) seconds after the handler/, waitMs / 1000],
    ['stampedes', /Default (\d+) seconds; no longer/, DEFAULT_LEASE.ttl / 1000],
    ['large-values', /`maxItemBytes` +\| (\d+) KB/, OVERFLOW_BYTES / 1024],
    ['large-values', /`maxValueBytes` +\| (\d+) KB/, OVERFLOW_BYTES / 1024],
    ['concepts', /`versionTTL`, (\d+) seconds by default/, settings({}).trustMs.prefix / 1000],
  ])('of %s, %s, is the one of the code', (page, pattern, value) => {
    const [, ...found] = pattern.exec(read(`docs/${page}.md`)) ?? [];
    expect(found.filter(Boolean)).toEqual([String(value)]);
  });

  it('of a record is an hour, as the pages say', () => {
    expect(SHORTEST_RECORD_MS).toBe(3_600_000);
    expect(read('docs/dynamodb.md')).toContain('stays at least an hour');
  });
});

describe('a command on a page', () => {
  const program = createProgram('0');
  const texts = [...pages, 'README.md', 'CONTRIBUTING.md'].map(
    (file) => [file, read(file)] as const,
  );
  // Lines of a shell, and code in a line of text.
  const COMMAND = /(?:npx @glasswork\/cache|glasswork-cache) ([a-z]+)((?: [^`\n|]*)?)/g;
  const calls = texts.flatMap(([file, text]) =>
    [...text.replace(/\\\n\s*/g, ' ').matchAll(COMMAND)].map(([call, name = '', rest = '']) => ({
      call: `${file}: ${call}`,
      command: program.commands.find((command) => command.name() === name),
      flags: rest.match(/(?<= )--?[a-z][\w-]*/g) ?? [],
    })),
  );
  const flagsOf = (command: Command | undefined) => [
    '--help',
    ...(command?.options ?? []).flatMap(({ long, short }) => [long, short]),
  ];

  it('is one that there is, with the options that it has', () => {
    expect(calls.length).toBeGreaterThan(30);
    const wrong = calls.filter(
      ({ command, flags }) =>
        command === undefined || flags.some((flag) => !flagsOf(command).includes(flag)),
    );
    expect(wrong.map(({ call }) => call)).toEqual([]);
  });
});

describe('an action of AWS on a page', () => {
  it('is one that a template, a construct or a command names', () => {
    const ACTION = /\b(?:dynamodb|s3|elasticache|cloudfront|cloudwatch|dax|kms|lambda):[A-Z]\w+/g;
    const sources = ['infrastructure', 'src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|yaml|json|tf)$/.test(name))
        .map((name) => read(`${folder}/${name}`)),
    );
    const known = new Set(sources.flatMap((text) => text.match(ACTION) ?? []));
    // The key of a condition, and what IAM checks when AWS decrypts for the table.
    for (const name of ['dynamodb:LeadingKeys', 'kms:Decrypt']) known.add(name);
    const named = pages.flatMap((file) => read(file).match(ACTION) ?? []);
    expect(named.length).toBeGreaterThan(20);
    // The client of DAX puts the service before the action.
    const code = sources.join('\n');
    const isCalled = (name: string) =>
      known.has(name) || (name.startsWith('dax:') && code.includes(`'${name.slice(4)}'`));
    expect([...new Set(named)].filter((name) => !isCalled(name))).toEqual([]);
  });

  it('of the bucket is one of the policy, and none is missing', () => {
    const policy = read('infrastructure/s3.yaml').match(/s3:(?:Get|Put|Delete|List)\w+/g) ?? [];
    const table = read('docs/s3.md').match(/s3:(?:Get|Put|Delete|List)\w+/g) ?? [];
    expect(new Set(table)).toEqual(new Set(policy));
  });
});
