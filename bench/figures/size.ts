import { gzipSync } from 'node:zlib';
import { bundleSmallest } from '../bundle.js';
import type { Bench, Figure } from '../figure.js';

/** Against growth that nobody notices: compiling it is a tenth of a cold start. */
const MOST_GZIPPED = 24_576;
/** As many are shown, the largest. */
const MOST_FILES = 15;

const gzipped = (contents: Uint8Array): number => gzipSync(contents, { level: 9 }).length;

/** The weight of a handler with a DynamoDB cache. */
export async function size(bench: Bench): Promise<Figure> {
  bench.say('size');
  const built = await bundleSmallest('build');
  const { inputs, contents } = await bundleSmallest('source');
  const bytes = Object.entries(inputs).map(
    ([path, { bytesInOutput }]) => [path.replace(/^src\//, ''), bytesInOutput] as const,
  );
  const total = gzipped(built.contents);
  // The size of a file alone means little: gzip finds repetitions across files.
  const share = gzipped(contents) / contents.length;
  const row = ([name, minified]: readonly [string, number]): [string, number, number] => [
    name,
    minified,
    minified * share,
  ];
  const files = [...bytes].sort(([, a], [, b]) => b - a);
  const others = files.slice(MOST_FILES).reduce((sum, [, minified]) => sum + minified, 0);
  return {
    name: 'size',
    title: 'The bundle of a handler with CacheService and DynamoDBCacheStore',
    notes: [
      'Minified by esbuild, gzip level 9. The parts are measured in a bundle of the source; gzipped is their share of its total.',
    ],
    tables: [
      {
        columns: [
          { name: 'part' },
          { name: 'minified', unit: 'bytes' },
          { name: 'gzipped', unit: 'bytes' },
        ],
        rows: [
          ...[...byPart(bytes)].sort(([, a], [, b]) => b - a).map(row),
          ['whole bundle, from the source', contents.length, gzipped(contents)],
          ['whole bundle, from the build', built.contents.length, total],
        ],
      },
      {
        columns: [
          { name: 'file' },
          { name: 'minified', unit: 'bytes' },
          { name: 'gzipped', unit: 'bytes' },
        ],
        rows: [...files.slice(0, MOST_FILES).map(row), row(['all others', others])],
      },
    ],
    checks: [
      {
        what: 'bundle, gzipped',
        value: total,
        unit: 'bytes',
        target: { atMost: MOST_GZIPPED },
      },
    ],
  };
}

/** Sums by folder: what is not in one of its own is the core. */
export function byPart(files: readonly (readonly [path: string, bytes: number])[]) {
  const parts = new Map<string, number>();
  for (const [path, bytes] of files) {
    const part =
      ['bench', 'stores/dynamodb', 'stores', 'aws', 'serializers'].find((folder) =>
        path.startsWith(`${folder}/`),
      ) ?? 'core';
    parts.set(part, (parts.get(part) ?? 0) + bytes);
  }
  return parts;
}
