import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Words and turns that a reader has to translate, by the plain ones to write instead. */
const PLAIN: Readonly<Record<string, RegExp>> = {
  'fix, correct': /\bmend(s|ed|ing)?\b/i,
  'obey, respect': /\bheed(s|ed|ing)?\b/i,
  'local, in this process': /\bat hand\b/i,
  'detaches, refuses': /\b(bars|barred)\b/i,
  'resumes after a freeze': /\bthaw(s|ed|ing)?\b/i,
  'issued in the same tick': /\bof (one|a) tick\b/i,
  'entry point': /\bentrances?\b/i,
  'invalid, missing': /\bthat is none\b/i,
  'the current state': /\bwhat (is|was) there\b/i,
  'the caller, the process that': /\bwhoever\b/i,
  'a check, a read': /\ba look\b(?!-up)/i,
  'the path of': /\bthe way of\b/i,
  'a load in flight': /(?<!\b(in|single)[- ])\bflights?\b/i,
  'dependency versions': /\b(MarkVersions|Marks)\b(?=[<;,[\])])/,
  'a local hit, getIfPresent': /\b(?<!`)peek(s|ed|ing)?\b(?!`)/i,
  'the load coordinator': /\b(class|new) Stampede\b/,
  'all processes': /(?<![#!/])\bfleets?\b(?!\?\.|\.trusts|;| = | \|\|)/i,
  'replaces, is served instead': /\b(stands?|stood|standing) in\b/i,
  'after the response': /\bbehind (the|a|its) (response|answer|caller)/i,
  'at most, this long': /\b(by so much|for so long|so long may|so many (ms|milliseconds))\b/i,
  'anyway, still': /\ball the same\b/i,
  'reports, names': /\b(tells?|told) of\b/i,
  'returns it': /\bgives? (it )?back\b/i,
  'does not mean that the store fails': /\bsays nothing (of|about)\b/i,
  'the outcome': /\bwhat(ever)? (becomes|became|comes) of\b/i,
  'your, our': /\bof (yours|ours)\b/i,
};

/** A comment that opens with a relative clause, or with a genitive, names its subject late or never. */
const CLAUSE_FIRST = /^\s*(\/\/|\/\*\*?|\*) (What|Whether|Whose|Whoever|Whatever|Who|Those|Of) /;

const files = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'bench/README.md'],
  ...['docs', 'src', 'scripts', 'bench', 'site/.vitepress'].flatMap((folder) => below(folder)),
  // The other folders of the site are written by its build.
  ...readdirSync(join(root, 'site')).flatMap((name) =>
    /\.(ts|md)$/.test(name) ? [`site/${name}`] : [],
  ),
  ...['examples', 'infrastructure'].flatMap((folder) => below(folder, /\.md$/)),
];

/** The turns that not even a test may use. Tests may name a fleet of services, for example. */
const IN_TESTS = [
  ...['fix, correct', 'obey, respect', 'local, in this process', 'detaches, refuses'],
  ...['resumes after a freeze', 'issued in the same tick', 'entry point', 'invalid, missing'],
  ...['the current state', 'the caller, the process that', 'a check, a read', 'the path of'],
];
const tests = below('test').filter((file) => !file.endsWith('english.spec.ts'));

describe('the language of the project', () => {
  it.each(Object.entries(PLAIN))('says "%s" plainly', (_plain, turn) => {
    expect(linesWith(turn)).toEqual([]);
  });

  it('begins no comment with a relative clause', () => {
    const isCode = (file: string) => file.endsWith('.ts');
    expect(linesWith(CLAUSE_FIRST, isCode, [...files, ...tests])).toEqual([]);
  });

  it.each(IN_TESTS)('says "%s" plainly in the tests, too', (plain) => {
    expect(linesWith(PLAIN[plain] ?? /./, () => true, tests)).toEqual([]);
  });

  it('is checked in all of src and docs', () => {
    expect(files.filter((file) => file.startsWith('src/')).length).toBeGreaterThan(100);
    expect(files.filter((file) => file.startsWith('docs/')).length).toBeGreaterThan(15);
  });

  it.each([
    ['the way of a hit', 'the path of'],
    ['what is at hand', 'local, in this process'],
    ['the flight of a key', 'a load in flight'],
    ['one load in the fleet', 'all processes'],
    ['a listener of yours', 'your, our'],
  ])('would find "%s"', (bad, plain) => {
    expect(bad).toMatch(PLAIN[plain] ?? /never/);
  });

  it.each(['a load in flight', 'an in-flight load', 'single-flight', 'this.#fleet?.publish()'])(
    'leaves "%s"',
    (good) => {
      expect(Object.values(PLAIN).filter((turn) => turn.test(good))).toEqual([]);
    },
  );
});

function linesWith(
  pattern: RegExp,
  concerns = (_file: string) => true,
  among: readonly string[] = files,
): string[] {
  return among.filter(concerns).flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
}

function below(folder: string, kind = /\.(ts|md)$/): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => kind.test(path) && !/node_modules|\.temp/.test(path))
    .map((path) => `${folder}/${path}`);
}
