import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { parseModule, readModules } from './import-graph.js';
import { type Rules, violations } from './import-rules.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * A room imports rooms of lower levels, and its own files. Within a level only what `open` or `across` allows.
 * A new file at the top of src needs a place here.
 */
const RULES: Rules = {
  levels: [
    { name: '0', rooms: ['bag.ts', 'errors.ts', 'time.ts'], open: true },
    // The vocabulary: types and pure functions, which speak of each other.
    {
      name: '1',
      rooms: [
        'cache-key.ts',
        'cache-store.ts',
        'config.ts',
        'copy-of.ts',
        'entry.ts',
        'events.ts',
        'frozen.ts',
        'glob.ts',
        'policy.ts',
        'serializers',
      ],
      open: true,
    },
    // Stores, and mechanisms that can each be read alone.
    {
      name: '2',
      rooms: [
        'aws',
        'background.ts',
        'breaker.ts',
        'budget.ts',
        'early-refresh.ts',
        'load-context.ts',
        'single-flight.ts',
        'stores',
      ],
    },
    // What the service is made of, in the order in which one part builds on another.
    { name: '2.1', rooms: ['store-access.ts'] },
    { name: '2.2', rooms: ['lease.ts', 'tags.ts'] },
    { name: '2.3', rooms: ['reader.ts'] },
    { name: '2.4', rooms: ['invalidation.ts', 'loader.ts'] },
    { name: '2.5', rooms: ['outcome.ts', 'stampede.ts'] },
    { name: '2.6', rooms: ['parts.ts'] },
    { name: '2.7', rooms: ['lookup.ts', 'set-all.ts'] },
    { name: '3', rooms: ['cache-service.ts'] },
    // What surrounds the cache. These never import each other.
    {
      name: '4',
      rooms: [
        'cli',
        'glasswork',
        'index.ts',
        'infrastructure',
        'inspector',
        'lambda',
        'metrics',
        'testing',
      ],
    },
  ],
  across: { stores: ['aws', 'breaker.ts', 'budget.ts'] },
  // The service and its parts are given their store.
  never: {
    from: [
      'store-access.ts',
      'lease.ts',
      'tags.ts',
      'reader.ts',
      'invalidation.ts',
      'loader.ts',
      'outcome.ts',
      'stampede.ts',
      'lookup.ts',
      'set-all.ts',
      'cache-service.ts',
    ],
    to: ['stores', 'aws'],
  },
  // budget.ts is a timer: it counts ticks, since a clock would take a thawed sandbox for a slow store.
  edges: ['time.ts', 'budget.ts', 'aws', 'lambda', 'cli', 'metrics', 'testing', 'inspector'],
  runners: ['cli'],
  heavy: { rooms: ['aws', 'stores'], modules: ['node:http', 'node:https', 'node:crypto'] },
  optionalPeers: Object.keys(manifest.peerDependencies),
};

describe('imports', () => {
  it('follow the rules everywhere in src', () => {
    const modules = readModules(src);
    expect(modules.length).toBeGreaterThan(5);
    expect(violations(modules, RULES)).toEqual([]);
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
  it('accepts lower levels, its own folder and what is allowed across', () => {
    expect(
      check({
        'errors.ts': "import type { Clock } from './time.js';",
        'time.ts': 'export const now = () => Date.now();',
        'aws/transport.ts': "import type { Agent } from 'node:http'; import '../errors.js';",
        'stores/memory.ts': "import { now } from '../time.js';",
        'stores/tiered.ts': "import './memory.js'; import '../aws/transport.js';",
        'cli/main.ts': "const room = await import('../metrics/emf.js'); console.log(room);",
        'metrics/emf.ts': "import type { S3 } from '@aws-sdk/lib-dynamodb';",
      }),
    ).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'a higher level',
      { 'errors.ts': "import './cache-service.js';", 'cache-service.ts': '' },
      'src/errors.ts: imports cache-service.ts: level 0 must not import level 3',
    ],
    [
      'a higher level for its types',
      { 'tags.ts': "import type { A } from './cache-service.js';", 'cache-service.ts': '' },
      'src/tags.ts: imports cache-service.ts: level 2.2 must not import level 3',
    ],
    [
      'a higher level in a type expression',
      { 'tags.ts': "let a: import('./index.js').A;", 'index.ts': '' },
      'src/tags.ts: imports index.ts: level 2.2 must not import level 4',
    ],
    [
      'a neighbour of one level',
      { 'tags.ts': "export * from './lease.js';", 'lease.ts': '' },
      'src/tags.ts: imports lease.ts: both are of level 2.2',
    ],
    [
      'another entrance',
      { 'lambda/a.ts': "export { b } from '../metrics/b.js';", 'metrics/b.ts': '' },
      'src/lambda/a.ts: imports metrics/b.ts: both are of level 4',
    ],
    [
      'a store into the service',
      { 'cache-service.ts': "await import('./stores/b.js');", 'stores/b.ts': '' },
      'src/cache-service.ts: imports stores/b.ts: "cache-service.ts" must not know "stores"',
    ],
    [
      'aws into a store',
      { 'aws/a.ts': "const store = import('../stores/b.js');", 'stores/b.ts': '' },
      'src/aws/a.ts: imports stores/b.ts: both are of level 2',
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
      'a heavy builtin at load',
      { 'stores/s3.ts': "import http from 'node:http';" },
      'src/stores/s3.ts: imports node:http at load, which costs a cold start',
    ],
    [
      'a file that is not there',
      { 'entry.ts': "import './gone.js';" },
      'src/entry.ts: imports gone.ts, which does not exist',
    ],
    [
      'a room without a level',
      { 'misc.ts': '' },
      'src/misc.ts: give "misc.ts" a level in the rules',
    ],
    [
      'a cycle through types',
      {
        'entry.ts': "import type { A } from './policy.js';",
        'policy.ts': "import type { B } from './events.js';",
        'events.ts': "export type { C } from './entry.js';",
      },
      'import cycle: entry.ts -> policy.ts -> events.ts -> entry.ts',
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
    const problems = check({ 'entry.ts': `export const a = () => ${code};`, 'aws/a.ts': code });
    expect(problems).toEqual([
      expect.stringContaining(`src/entry.ts: ${name} belongs at the edges`),
    ]);
  });

  it('is not misled by comments, strings, types and members of the same name', () => {
    expect(
      check({
        'entry.ts': `
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
