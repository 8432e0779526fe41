import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { run } from './run.js';
import { billOfMaterials } from './sbom.js';

const UNRELEASED = '## [Unreleased]';
const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const DESCRIPTION = `Makes a release: the version in package.json, a heading in CHANGELOG.md, one commit and one tag with the notes.
Pushing the tag publishes it, from CI and with provenance.`;

export interface Release {
  readonly changelog: string;
  readonly notes: string;
}

/**
 * The changelog with what was unreleased under the version.
 *
 * @throws Error if nothing is unreleased.
 */
export function releaseNotes(changelog: string, version: string, date: string): Release {
  const start = changelog.indexOf(UNRELEASED);
  if (start === -1) throw new Error(`CHANGELOG.md has no "${UNRELEASED}"`);
  const after = changelog.slice(start + UNRELEASED.length);
  const end = after.search(/^## \[|^\[[\w.]+\]: /m);
  const notes = (end === -1 ? after : after.slice(0, end)).trim();
  if (notes === '') throw new Error('CHANGELOG.md has nothing under "Unreleased"');
  const rest = end === -1 ? '' : after.slice(end);
  const heading = `## [${version}] - ${date}`;
  const parts = [`${UNRELEASED}\n`, `${heading}\n`, `${notes}\n`, rest];
  return {
    changelog: `${changelog.slice(0, start)}${parts.join('\n')}`.trimEnd().concat('\n'),
    notes,
  };
}

async function release(version: string, { dryRun = false }: { dryRun?: boolean }): Promise<void> {
  const cwd = process.cwd();
  const git = (...args: string[]) => run('git', args, { cwd });
  const changes = await git('status', '--porcelain');
  if (changes !== '') throw new Error(`commit these first:\n${changes}`);
  const file = join(cwd, 'CHANGELOG.md');
  const date = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  const { changelog, notes } = releaseNotes(await readFile(file, 'utf8'), version, date);
  if (await git('tag', '--list', `v${version}`)) throw new Error(`v${version} is a tag already`);
  const manifest = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'));
  if (!VERSION.test(version)) throw new Error(`"${version}" is no version such as 1.2.0`);
  if (version === manifest.version) throw new Error(`package.json has version ${version} already`);
  if (dryRun) {
    console.log(`v${version}, ${date}\n\n${notes}\n\n${await describePackage(cwd)}`);
    console.log('\nA dry run: nothing was changed.');
    return;
  }
  await run('npm', ['version', version, '--no-git-tag-version'], { cwd });
  await writeFile(file, changelog);
  await git('commit', '--quiet', '--all', '--message', `Release ${version}`);
  await git('tag', '--annotate', `v${version}`, '--cleanup=verbatim', '--message', notes);
  console.log(`v${version} is committed and tagged. It is published by: git push --follow-tags`);
}

interface Packed {
  readonly name: string;
  readonly files: readonly unknown[];
  readonly size: number;
  readonly unpackedSize: number;
}

/** The package that would be published: built and packed as npm does it, with its bill of materials. */
async function describePackage(cwd: string): Promise<string> {
  const output = await run('npm', ['pack', '--dry-run', '--json', '--silent'], { cwd });
  // npm 12 keys the result by the package's name, npm 10 and 11 give a list.
  const [packed] = Object.values<Packed>(JSON.parse(output));
  if (!packed) throw new Error(`npm pack printed ${output}`);
  const { name, files, size, unpackedSize } = packed;
  const { components } = await billOfMaterials(cwd);
  const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1000)} KB`;
  return [
    `Package: ${name}, ${files.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`,
    `Bill of materials: CycloneDX, ${components.length} components`,
    'Provenance: signed by .github/workflows/release.yml, which the tag starts',
  ].join('\n');
}

if (import.meta.filename === process.argv[1]) {
  const program = new Command('npm run release --')
    .description(DESCRIPTION)
    .argument('<version>', 'the new version, such as 1.2.0')
    .option('--dry-run', 'print the notes and change nothing')
    .action(release);
  await program.parseAsync().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
