import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseNotes } from '../../scripts/release.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- A thing.

## [0.1.0] - 2026-01-01

- The first.
`;

const LOCK = {
  name: 'some',
  version: '0.1.0',
  lockfileVersion: 3,
  packages: {
    '': { name: 'some', version: '0.1.0', devDependencies: { other: '1.0.0' } },
    'node_modules/other': { version: '1.0.0', dev: true, license: 'MIT' },
  },
};

describe('the notes of a release', () => {
  it('are what was unreleased, under the version', () => {
    const { changelog, notes } = releaseNotes(CHANGELOG, '0.2.0', '2026-02-03');
    expect(notes).toBe('### Added\n\n- A thing.');
    expect(changelog).toBe(
      CHANGELOG.replace('## [Unreleased]\n', '## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n'),
    );
  });

  it('are refused where there are none', () => {
    const { changelog } = releaseNotes(CHANGELOG, '0.2.0', '2026-02-03');
    expect(() => releaseNotes(changelog, '0.3.0', '2026-02-04')).toThrow(/nothing under/);
    expect(() => releaseNotes('# Changelog', '0.3.0', '2026-02-04')).toThrow(/has no/);
  });
});

describe('a release', () => {
  let folder: string;
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: folder })).stdout;
  const release = (...args: string[]) =>
    promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, 'scripts/release.ts'), ...args],
      { cwd: folder },
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'release-'));
    await writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG);
    await writeFile(
      join(folder, 'package.json'),
      '{ "name": "some", "version": "0.1.0", "devDependencies": { "other": "1.0.0" } }\n',
    );
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(LOCK));
    await git('init', '--quiet', '--initial-branch=main');
    await git('config', 'user.name', 'Ada');
    await git('config', 'user.email', 'ada@example.com');
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'First');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('changes nothing when it is dry', async () => {
    const { stdout } = await release('0.2.0', '--dry-run');
    expect(stdout).toContain('- A thing.');
    expect(stdout).toMatch(/^Package: some, 2 files, \d+ KB packed, \d+ KB unpacked$/m);
    expect(stdout).toContain('CycloneDX, 1 components');
    expect(stdout).toContain('.github/workflows/release.yml');
    expect(await git('status', '--porcelain')).toBe('');
    expect(await git('tag')).toBe('');
  });

  it('is one commit and one tag with the notes', async () => {
    await release('0.2.0');
    expect(await git('log', '--format=%s', '-1')).toBe('Release 0.2.0\n');
    expect(await git('tag', '--list', '--format=%(contents)', 'v0.2.0')).toContain(
      '### Added\n\n- A thing.',
    );
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version).toBe('0.2.0');
    expect(await git('status', '--porcelain')).toBe('');
  });

  it('is refused with changes that are not committed', async () => {
    await writeFile(join(folder, 'new.txt'), 'new');
    await expect(release('0.2.0')).rejects.toMatchObject({
      stderr: expect.stringContaining('new.txt'),
    });
  });

  it.each([
    ['what is no version', 'soon', 'is no version'],
    ['what is half a version', '1.2', 'is no version'],
    ['the version that is there', '0.1.0', 'already'],
  ])('is refused for %s, dry or not', async (_, version, reason) => {
    const stderr = expect.stringContaining(reason);
    await expect(release(version)).rejects.toMatchObject({ stderr });
    await expect(release(version, '--dry-run')).rejects.toMatchObject({ stderr });
    expect(await git('status', '--porcelain')).toBe('');
  });
});
