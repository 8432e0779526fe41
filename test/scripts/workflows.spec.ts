import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/run.js';
import { billOfMaterials } from '../../scripts/sbom.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Workflow {
  readonly on: object;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes': number;
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly Step[];
      }
    >
  >;
}

const folder = join(root, '.github/workflows');
const read = (path: string) => readFileSync(path, 'utf8');
const workflow = (name: string): Workflow => parse(read(join(folder, name)));
const stepsOf = (name: string) => Object.values(workflow(name).jobs).flatMap(({ steps }) => steps);
const commandsOf = (name: string) => stepsOf(name).flatMap(({ run = [] }) => run);

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  it('pins every action to a commit, and names its version', () => {
    const lines = read(join(folder, name)).match(/uses: .*/g) ?? [];
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(line).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read alone, ends, and leaves no token behind for what it runs', () => {
    const { permissions, jobs } = workflow(name);
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    for (const step of stepsOf(name).filter(({ uses }) => uses?.startsWith('actions/checkout')))
      expect(step).toMatchObject({ with: { 'persist-credentials': false } });
  });

  it('runs all checks, on a machine with all that they need', () => {
    const commands = commandsOf(name);
    expect(commands).toContain('.ci/run');
    expect(commands.join()).toMatch(/apt-get install -y redis-server cmake make g\+\+ xz-utils/);
    expect(stepsOf(name).some(({ uses }) => uses?.startsWith('actions/setup-java@'))).toBe(true);
  });
});

describe('the release', () => {
  it('is published with provenance and a bill of materials, after the checks', () => {
    const commands = commandsOf('release.yml');
    const at = (part: string) => commands.findIndex((command) => command.includes(part));
    expect(at('.ci/run')).toBeLessThan(at('npm publish --provenance'));
    expect(at('npm pkg set')).toBeLessThan(at('npm publish --provenance'));
    expect(at('run --silent sbom')).toBeLessThan(at('gh release create'));
    const { publish } = workflow('release.yml').jobs;
    expect(publish?.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
  });

  it('has a bill of materials of all that the lock file holds', async () => {
    const bom = await billOfMaterials(root);
    expect(bom.bomFormat).toBe('CycloneDX');
    expect(bom.metadata.component.name).toBe('@glasswork/cache');
    const { packages } = JSON.parse(read(join(root, 'package-lock.json')));
    const locked = Object.keys(packages).filter((path) => path !== '');
    const names = new Set(locked.map((path) => path.split('node_modules/').at(-1)));
    const listed = new Set(bom.components.map(({ name }) => name));
    expect(listed.size).toBeGreaterThan(names.size * 0.9);
    for (const name of ['commander', 'vitest']) expect(listed).toContain(name);
  });
});

describe('the templates', () => {
  const templates = join(root, '.github/ISSUE_TEMPLATE');

  it.each(readdirSync(templates).filter((name) => name !== 'config.yml'))(
    'of an issue, %s, asks what has to be known',
    (name) => {
      const { body, description } = parse(read(join(templates, name)));
      expect(description).toMatch(/\.$/);
      const asked: { type: string; id?: string; validations?: { required: boolean } }[] = body;
      expect(asked.some(({ validations }) => validations?.required)).toBe(true);
      const ids = asked.flatMap(({ id = [] }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    },
  );

  it('name files that exist', () => {
    const texts = [
      read(join(root, '.github/PULL_REQUEST_TEMPLATE.md')),
      ...readdirSync(templates).map((name) => read(join(templates, name))),
    ].join('\n');
    const files = texts.match(/\b[\w/-]+\.md\b/g) ?? [];
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(() => read(join(root, file))).not.toThrow();
    const { scripts } = JSON.parse(read(join(root, 'package.json')));
    for (const [, script = ''] of texts.matchAll(/`npm (?:run )?([\w:]+)`/g))
      expect(Object.keys(scripts)).toContain(script);
  });
});
