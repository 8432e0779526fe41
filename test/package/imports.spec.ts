import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { parseModule, readModules } from './import-graph.js';
import { type Rules, violations } from './import-rules.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));

const ENTRY_POINTS = [
  'cdk',
  'cli',
  'glasswork',
  'http',
  'index.ts',
  'infrastructure',
  'lambda',
  'metrics',
  'testing',
];

/**
 * The house, from the foundation up. A room is a folder, or a file that stands alone; the deepest one named here counts.
 * A room imports its own files and lower rooms, nothing beside it and nothing above. CONTRIBUTING.md has the picture.
 */
const RULES: Rules = {
  levels: [
    { name: 'util', rooms: ['util'] },
    { name: 'model', rooms: ['model'] },
    { name: 'mechanisms', rooms: ['aws', 'resilience', 'serializers'] },
    { name: 'stores', rooms: ['stores'] },
    // The engine, in the order in which one room builds on another.
    {
      name: 'engine: capabilities',
      rooms: ['engine/store-capabilities.ts', 'engine/store-calls.ts'],
    },
    { name: 'engine: access', rooms: ['engine/store-access.ts', 'engine/inflight'] },
    { name: 'engine: copies', rooms: ['engine/copies.ts'] },
    { name: 'engine: reading', rooms: ['engine/reading'] },
    { name: 'engine: writing', rooms: ['engine/writing'] },
    { name: 'engine: loading', rooms: ['engine/loading'] },
    { name: 'engine', rooms: ['engine'] },
    { name: 'service', rooms: ['cache-service.ts'] },
    { name: 'http: rules', rooms: ['http/rules', 'http/edge-tags.ts', 'http/options.ts'] },
    { name: 'http: pages', rooms: ['http/pages'] },
    { name: 'http: kit', rooms: ['http/kit.ts', 'http/response-key.ts'] },
    { name: 'http: loading', rooms: ['http/loading'] },
    { name: 'http: answering', rooms: ['http/answering'] },
    // The entry points never import each other.
    { name: 'entry points', rooms: ENTRY_POINTS },
  ],
  // The engine is given its store, and knows no service of AWS.
  never: [
    { from: ['engine', 'cache-service.ts'], to: ['stores', 'aws'] },
    // The response cache lies on several levels, and is one entry point anyway.
    { from: ENTRY_POINTS.filter((room) => room !== 'http'), to: ['http'] },
  ],
  // timers.ts: time limits count ticks of a timer, since a clock would take a resumed sandbox for a slow store.
  // console-reporter.ts is the listener of a service that was given none, so no entry point can hold it. notice.ts speaks
  // for stores, which have no listener when they are constructed.
  edges: [
    'model/time.ts',
    'model/console-reporter.ts',
    'model/notice.ts',
    'resilience/timers.ts',
    'aws',
    'lambda',
    'cli',
    'metrics',
    'testing',
  ],
  runners: ['cli'],
  heavy: {
    rooms: ['aws', 'stores'],
    modules: ['node:http', 'node:https', 'node:net', 'node:tls', 'node:crypto'],
  },
  bundled: {
    'cli-table3': ['cli'],
    commander: ['cli'],
    devalue: ['serializers'],
    hono: ['cli'],
    picocolors: ['cli'],
  },
  // A construct is a class that extends theirs.
  needed: { 'aws-cdk-lib': ['cdk'], constructs: ['cdk'] },
  optionalPeers: Object.keys(manifest.peerDependencies),
};

describe('imports', () => {
  it('follow the rules everywhere in src', () => {
    const modules = readModules(src);
    expect(modules.length).toBeGreaterThan(5);
    expect(violations(modules, RULES)).toEqual([]);
  });

  it('have a level, and a line in CONTRIBUTING.md, for every room', () => {
    const contributing = readFileSync(join(src, '../CONTRIBUTING.md'), 'utf8');
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const rooms = folders.map(({ name }) => `src/${name}/`);
    expect(rooms.length).toBeGreaterThan(10);
    expect(rooms.filter((room) => !contributing.includes(`\`${room}\``))).toEqual([]);
    // A folder inside a room has a sentence of its own, or a part of that of its room.
    const inner = readdirSync(src, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const hasSentence = (name: string) => contributing.includes(`${name}/\``);
    const stores = ['dynamodb', 'keyv', 'memory', 'redis', 's3', 'tiered'];
    expect(inner.filter((name) => !hasSentence(name) && !stores.includes(name))).toEqual([]);
    const named = [...contributing.matchAll(/`(src\/[\w/]+\/)`/g)].map(([, room = '']) => room);
    expect(named.filter((room) => !existsSync(join(src, '..', room)))).toEqual([]);
  });

  it('of a name put together at run time are left alone by webpack and Vite, which would warn every user', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
    const code = files.filter((file) => file.endsWith('.ts')).map((file) => join(src, file));
    const lines = code.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
    const dynamic = lines.filter(
      (line) => /(?<!typeof )\bimport\((?!['"])/.test(line) && !/^ *[*/]/.test(line),
    );
    expect(dynamic.length).toBeGreaterThan(1);
    for (const line of dynamic) {
      expect(line).toContain('import(/* webpackIgnore: true */ /* @vite-ignore */ ');
    }
  });
});

describe('the checker of imports', () => {
  it('accepts lower rooms, a folder of its own, and what the command line loads to run it', () => {
    expect(
      check({
        'model/errors.ts': "import type { Clock } from './time.js';",
        'model/time.ts': 'export const now = () => Date.now();',
        'aws/transport.ts': "import type { Agent } from 'node:http'; import '../model/errors.js';",
        'stores/memory/index.ts': "import { now } from '../../model/time.js';",
        'stores/tiered.ts': "import './memory/index.js'; import '../aws/transport.js';",
        'engine/reading/reader.ts': "import '../store-access.js';",
        'engine/store-access.ts': '',
        'engine/lookup.ts': "import './reading/reader.js';",
        'cli/main.ts': "const room = await import('../metrics/emf.js'); console.log(room);",
        'metrics/emf.ts': "import type { S3 } from '@aws-sdk/lib-dynamodb';",
      }),
    ).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'a higher room',
      { 'model/errors.ts': "import '../cache-service.js';", 'cache-service.ts': '' },
      'src/model/errors.ts: imports cache-service.ts: level model must not import level service',
    ],
    [
      'a higher room for its types',
      { 'aws/a.ts': "import type { A } from '../cache-service.js';", 'cache-service.ts': '' },
      'src/aws/a.ts: imports cache-service.ts: level mechanisms must not import level service',
    ],
    [
      'a higher room in a type expression',
      { 'model/a.ts': "let a: import('../index.js').A;", 'index.ts': '' },
      'src/model/a.ts: imports index.ts: level model must not import level entry points',
    ],
    [
      'the top of the engine in one of its rooms',
      { 'engine/reading/a.ts': "import '../lookup.js';", 'engine/lookup.ts': '' },
      'src/engine/reading/a.ts: imports engine/lookup.ts: level engine: reading must not import level engine',
    ],
    [
      'a neighbour of one level',
      { 'aws/a.ts': "export * from '../resilience/b.js';", 'resilience/b.ts': '' },
      'src/aws/a.ts: imports resilience/b.ts: both are of level mechanisms',
    ],
    [
      'another entry point',
      { 'lambda/a.ts': "export { b } from '../metrics/b.js';", 'metrics/b.ts': '' },
      'src/lambda/a.ts: imports metrics/b.ts: both are of level entry points',
    ],
    [
      'a lower room of another entry point',
      { 'metrics/a.ts': "import '../http/rules/b.js';", 'http/rules/b.ts': '' },
      'src/metrics/a.ts: imports http/rules/b.ts: "metrics" must not know "http/rules"',
    ],
    [
      'the loading of responses in their rules',
      { 'http/rules/a.ts': "import '../loading/b.js';", 'http/loading/b.ts': '' },
      'src/http/rules/a.ts: imports http/loading/b.ts: level http: rules must not import level http: loading',
    ],
    [
      'a store in the engine',
      { 'engine/reading/a.ts': "await import('../../stores/b.js');", 'stores/b.ts': '' },
      'src/engine/reading/a.ts: imports stores/b.ts: "engine/reading" must not know "stores"',
    ],
    [
      'a store in the service',
      { 'cache-service.ts': "await import('./stores/b.js');", 'stores/b.ts': '' },
      'src/cache-service.ts: imports stores/b.ts: "cache-service.ts" must not know "stores"',
    ],
    [
      'an optional peer at load',
      { 'aws/a.ts': "import { x } from '@aws-sdk/lib-dynamodb/lib';" },
      'src/aws/a.ts: imports @aws-sdk/lib-dynamodb/lib at load: an optional peer is loaded by import()',
    ],
    [
      'an optional peer with an inline type only, which stays an import',
      { 'aws/a.ts': "import { type X } from '@aws-sdk/lib-dynamodb';" },
      'src/aws/a.ts: imports @aws-sdk/lib-dynamodb at load: an optional peer is loaded by import()',
    ],
    [
      'a package that is no peer, lazily',
      { 'aws/a.ts': "await import('lodash/fp');" },
      'src/aws/a.ts: imports lodash/fp, which is no peer of this package',
    ],
    [
      'a package that is bundled for another room',
      { 'stores/a.ts': "import { parse } from 'devalue';" },
      'src/stores/a.ts: imports devalue, which is no peer of this package',
    ],
    [
      'a package of the command line elsewhere',
      { 'lambda/a.ts': "import 'commander';" },
      'src/lambda/a.ts: imports commander, which is no peer of this package',
    ],
    [
      'a heavy builtin at load',
      { 'stores/s3.ts': "import http from 'node:http';" },
      'src/stores/s3.ts: imports node:http at load, which costs a cold start',
    ],
    [
      'a file that is not there',
      { 'model/entry.ts': "import './gone.js';" },
      'src/model/entry.ts: imports model/gone.ts, which does not exist',
    ],
    [
      'a room without a level',
      { 'misc.ts': '' },
      'src/misc.ts: give "misc.ts" a level in the rules',
    ],
    [
      'a cycle through types',
      {
        'model/a.ts': "import type { A } from './b.js';",
        'model/b.ts': "import type { B } from './c.js';",
        'model/c.ts': "export type { C } from './a.js';",
      },
      'import cycle: model/a.ts -> model/b.ts -> model/c.ts -> model/a.ts',
    ],
  ])('refuses %s', (_what, files, problem) => {
    expect(check(files)).toEqual([problem]);
  });

  it.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['performance.now()', 'performance.now'],
    ['process.hrtime.bigint()', 'process.hrtime'],
    ['setTimeout(run, 5)', 'setTimeout'],
    ['clearInterval(timer)', 'clearInterval'],
    ['console.warn("x")', 'console.warn'],
    ['process.env.REGION', 'process.env'],
  ])('refuses %s away from the edges', (code, name) => {
    const problems = check({
      'model/entry.ts': `export const a = () => ${code};`,
      'aws/a.ts': code,
    });
    expect(problems).toEqual([
      expect.stringContaining(`src/model/entry.ts: ${name} belongs at the edges`),
    ]);
  });

  it('is not misled by comments, strings, types and members of the same name', () => {
    expect(
      check({
        'model/entry.ts': `
          // import './cache-service.js'; Date.now();
          /** import { x } from 'lodash'; */
          const text = "import './gone.js'; console.log(1)" + \`\${'setTimeout(a)'}\`;
          const quote = /['"\`]/; const date = new Date(0);
          let timer: ReturnType<typeof setTimeout>; clock.setTimeout(1); own.console.log(2);`,
      }),
    ).toEqual([]);
  });
});

function check(files: Record<string, string>): string[] {
  const modules = Object.entries(files).map(([path, source]) => parseModule(path, source));
  return violations(modules, RULES);
}
