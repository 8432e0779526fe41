import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { optionsPage } from '../../scripts/options-docs.js';
import { CacheService } from '../../src/cache-service.js';
import { MemoryCacheStore } from '../../src/stores/memory/memory-cache-store.js';
import { type Policy, readTemplate } from '../infrastructure/template.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the documentation', () => {
  const failure = read('docs/failure.md');

  it('lists every event and its counter', () => {
    const types = [...read('src/model/events.ts').matchAll(/readonly type: '([\w-]+)'/g)];
    const listed = [...failure.matchAll(/^\| `([\w-]+)` +\| .* \| (`.*`|none) +\|$/gm)];
    const events = types.map(([, type]) => type);
    expect(events.length).toBeGreaterThan(10);
    expect(listed.map(([, type]) => type).sort()).toEqual([...events].sort());
    const counters = listed.flatMap(([, , text = '']) => text.match(/(?<=`)\w+(?=`)/g) ?? []);
    const counted = Object.keys(new CacheService(new MemoryCacheStore()).stats());
    expect(counters.sort()).toEqual(counted.sort());
  });

  it('lists every code of an error', () => {
    const codes = [...read('src/model/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)];
    const listed = [...failure.matchAll(/^\| `([A-Z_]+)`/gm)];
    expect(listed.map(([, code]) => code).sort()).toEqual(codes.map(([, code]) => code).sort());
  });

  it('describes every option as the code does (npx tsx scripts/options-docs.ts)', () => {
    expect(read('docs/options.md')).toBe(optionsPage());
    const undescribed = [...optionsPage().matchAll(/^\| `(\w+)`[^|]*\|\s*\|$/gm)];
    expect(undescribed.map(([, name]) => name)).toEqual([]);
  });

  it('lists every entry point', () => {
    const names = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
      typeof target === 'string' ? [] : [manifest.name + subpath.slice(1)],
    );
    const listed = [...read('docs/index.md').matchAll(/^\| `(@[\w/]+)`/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(names.sort());
  });

  it('says what each figure of the benchmark measures', () => {
    const figures = read('bench/main.ts').match(/FIGURES = \{([^}]*)\}/)?.[1] ?? '';
    // A name that is no identifier is quoted, and followed by its function.
    const names = [...figures.matchAll(/^ *'?([\w-]+)'?(?=[,:])/gm)].map(([, name]) => name);
    const table = read('bench/README.md').match(/## Figures[^#]*/)?.[0] ?? '';
    const listed = [...table.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(names.sort());
  });

  it('leads to the lines of the code that it explains', () => {
    const page = read('docs/how-it-works.md');
    const named = [...page.matchAll(/`(#?\w+)`\s+in\s+`(src\/[\w./-]+):(\d+)`/g)];
    expect(named.length).toBeGreaterThan(3);
    const elsewhere = named.filter(([, name = '', file = '', line]) => {
      const text = read(file).split('\n')[Number(line) - 1] ?? '';
      return !new RegExp(`^ *(export )?(function )?${name}(<\\w+>)?\\(`).test(text);
    });
    expect(elsewhere.map(([text]) => text)).toEqual([]);
    const answers = page
      .split(/^## /m)
      .filter((section) => /store is down|stale|freeze|`del`/.test(section.split('\n')[0] ?? ''));
    expect(answers).toHaveLength(4);
    for (const answer of answers) expect(answer).toMatch(/`src\/engine\/lookup\.ts:\d+`/);
  });

  it('names the actions that the policies of the template allow', () => {
    const { CachePolicy, CacheMaintenancePolicy } = readTemplate().Resources;
    const page = read('docs/dynamodb.md');
    const row = (start: string) => page.match(new RegExp(`^\\| ${start}.*\\|(.*)\\|$`, 'm'))?.[1];
    expect(named(row('`get`, `set`'))).toEqual(actions(CachePolicy));
    expect(named(row('`store.clear`'))).toEqual(actions(CacheMaintenancePolicy));
    for (const text of [page, read('docs/quick-start.md')]) {
      const lines = [...text.matchAll(/^ +- dynamodb:(\w+)$/gm)];
      expect(lines.map(([, action]) => action)).toEqual(actions(CachePolicy));
    }
  });
});

describe('what users have installed', () => {
  const at = (path: string) => new URL(`../../${path}`, import.meta.url);
  const isShipped = (path: string) =>
    existsSync(at(path)) && manifest.files.some((file) => path.startsWith(`${file}/`));

  it('holds the pages that its messages and its README name', () => {
    const sources = readdirSync(at('src'), { recursive: true, encoding: 'utf8' });
    const texts = ['README.md', ...sources.filter((path) => path.endsWith('.ts')).map(inSource)];
    const pages = texts.flatMap((path) => read(path).match(/\bdocs\/[\w-]+\.md/g) ?? []);
    expect(pages).toEqual(expect.arrayContaining(['docs/redis.md', 'docs/after-response.md']));
    expect(pages.filter((page) => !isShipped(page))).toEqual([]);
  });
});

const inSource = (path: string) => `src/${path}`;

const named = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(([, action]) => action);

const actions = ({ Properties }: Policy) =>
  Properties.PolicyDocument.Statement.flatMap(({ Action }) =>
    Action.map((action) => action.replace('dynamodb:', '')),
  );

it('begins with a README of one screen and a half, which leads into the docs', () => {
  const readme = read('README.md').trimEnd().split('\n');
  expect(readme.length).toBeLessThanOrEqual(120);
  const links = readme.join('\n').match(/\]\(\.\/docs\/[\w-]+\.md/g) ?? [];
  expect(new Set(links).size).toBeGreaterThan(20);
  // A top-level await needs the settings of a bundler beside it.
  expect(readme.join('\n')).not.toMatch(/^(const|export const) \w+ = await /m);
});
