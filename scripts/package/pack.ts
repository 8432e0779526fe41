import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { node, root, run } from '../run.js';
import { ensure, manifest } from './manifest.js';

export interface Tarball {
  readonly path: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const REQUIRED = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
const EXPECTED = [
  /^dist\/(shared\/)?[\w-]+\.c?js$/,
  /^dist\/(cli\.)?licenses\.txt$/,
  // The page that `inspect` serves.
  /^dist\/inspect\.html$/,
  /^dist\/types\/([\w-]+\/)*[\w-]+\.d\.c?ts$/,
  /^docs\/(commands\/)?[\w-]+\.(md|svg)$/,
  // The pictures, and the text that each is drawn from.
  /^docs\/pictures\/[\w-]+\.(svg|yaml|png)$/,
  /^(infrastructure|examples)\/[\w./-]+$/,
  // The pages that the docs lead to.
  /^(CONTRIBUTING|SECURITY)\.md$/,
  /^(bench|test\/lambda\/emulator)\/README\.md$/,
];

/** Packs into `folder`. Without the scripts: `prepack` would build a second time. */
export async function pack(folder: string): Promise<Tarball> {
  const output = await run('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ]);
  // npm 12 keys the result by the package's name, npm 10 and 11 give a list.
  const parsed = JSON.parse(output);
  const [result] = Object.values(parsed) as (Tarball & { filename: string })[];
  ensure(result, `npm pack printed ${output}`);
  return { ...result, path: join(folder, result.filename) };
}

export function contents({ files }: Tarball): string {
  const paths = files.map((file) => file.path);
  const missing = REQUIRED.filter((path) => !paths.includes(path));
  ensure(missing.length === 0, `missing from the package: ${missing.join(', ')}`);
  const strange = paths.filter(
    (path) => !REQUIRED.includes(path) && !EXPECTED.some((form) => form.test(path)),
  );
  ensure(strange.length === 0, `not expected in the package: ${strange.join(', ')}`);

  const dependencies = Object.keys(manifest.dependencies ?? {});
  ensure(dependencies.length === 0, `run-time dependencies: ${dependencies.join(', ')}`);
  const peers = Object.keys(manifest.peerDependencies ?? {});
  const forced = peers.filter((peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true);
  ensure(forced.length === 0, `peers that are not optional: ${forced.join(', ')}`);

  const places = [root, `${homedir()}/`, 'file:///', 'node_modules/.'];
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8');
    const place = places.find((candidate) => text.includes(candidate));
    ensure(!place, `${path} names a place on this machine: ${place}`);
  }
  return `${paths.length} files as expected, 0 dependencies, ${peers.length} optional peers, no local path`;
}

export async function lint({ path }: Tarball): Promise<string> {
  const tarball = readFileSync(path);
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer } });
  const lines = messages.map((message) => formatMessage(message, pkg, { color: false }));
  ensure(lines.length === 0, lines.join('\n'));
  return '0 messages';
}

/** Every entry point, in every way in which TypeScript resolves a package: none is left out. */
export async function types({ path }: Tarball): Promise<string> {
  const cli = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const flags = ['--profile', 'strict', '--no-definitely-typed', '--format', 'json'];
  const report: {
    analysis: { entrypoints: Record<string, { resolutions: Record<string, unknown> }> };
    problems: Record<string, unknown>;
  } = JSON.parse(await node([cli, path, ...flags], { failing: true }));
  const problems = Object.values(report.problems).flat();
  ensure(problems.length === 0, JSON.stringify(problems, null, 2));
  const seen = Object.values(report.analysis.entrypoints);
  const count = Object.keys(manifest.exports).length;
  ensure(seen.length === count, `only ${seen.length} of ${count} entry points were seen`);
  const kinds = new Set(seen.flatMap(({ resolutions }) => Object.keys(resolutions)));
  ensure(kinds.size === 4, `only ${[...kinds].join(', ')} were tried`);
  return `${count} entry points, 0 problems: ${[...kinds].join(', ')}`;
}
