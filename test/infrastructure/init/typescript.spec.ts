import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../../scripts/run.js';
import { STORES } from '../../../src/cli/init/blueprint.js';
import { camel } from '../../../src/cli/init/cdk.js';
import { BLUEPRINTS, templateFor } from '../../../src/cli/init/instructions.js';
import { newApp } from '../app.js';
import { SST_PLATFORM } from './sst-platform.js';

// Inside the repository, so that aws-cdk-lib is found.
const folder = join(root, '.cache', `templates-${randomUUID()}`);

beforeAll(() => {
  mkdirSync(join(folder, '.sst/platform'), { recursive: true });
  mkdirSync(join(folder, 'infra'), { recursive: true });
  writeFileSync(join(folder, '.sst/platform/config.d.ts'), SST_PLATFORM);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const store of STORES) {
    writeFileSync(join(folder, `${store}-stack.ts`), templateFor('cdk', store).text);
    writeFileSync(join(folder, `infra/${store}.ts`), templateFor('sst', store).text);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The compiler's complaints about these files. */
function complaints(...files: string[]): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--ignoreConfig',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--types',
    '',
  ];
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags, ...files], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

describe('the templates for CDK', () => {
  it('compile without a complaint', () => {
    expect(complaints(...STORES.map((store) => `${store}-stack.ts`))).toBe('');
  });

  it('would be refused with a misspelt property', () => {
    const { text } = templateFor('cdk', 'dynamodb');
    writeFileSync(join(folder, 'misspelt.ts'), text.replace('billingMode', 'bilingMode'));
    expect(complaints('misspelt.ts')).toContain('bilingMode');
  });

  it.each(STORES)('give the resources of the blueprint for %s', async (store) => {
    const { code } = transformSync(templateFor('cdk', store).text, { loader: 'ts', format: 'esm' });
    const file = join(folder, `${store}-stack.mjs`);
    writeFileSync(file, code);
    const { CacheStack } = await import(/* @vite-ignore */ pathToFileURL(file).href);
    const app = newApp();
    const stack = new CacheStack(app, 'Cache', {
      vpcId: 'vpc-0123456789abcdef0',
      subnetIds: ['subnet-0123456789abcdef0'],
    });
    const { Resources } = Template.fromStack(stack).toJSON();
    const types = (resources: object) =>
      Object.values(resources)
        .map(({ Type }) => Type)
        .sort();
    expect(types(Resources)).toEqual(types(BLUEPRINTS[store]().resources));
    for (const [name, { Type, Properties }] of Object.entries(BLUEPRINTS[store]().resources)) {
      const made: { Type: string; Properties: object } = Resources[name];
      expect([name, made.Type]).toEqual([name, Type]);
      const { AlarmActions, ...others } = Properties;
      expect([name, Object.keys(made.Properties).sort()]).toEqual([
        name,
        Object.keys(others).sort(),
      ]);
    }
  });

  it.each([
    ['SSESpecification', 'sseSpecification'],
    ['IAMRoleARN', 'iamRoleArn'],
    ['MultiAZEnabled', 'multiAzEnabled'],
    ['ECPUPerSecond', 'ecpuPerSecond'],
    ['SubnetIds', 'subnetIds'],
    ['PublicAccessBlockConfiguration', 'publicAccessBlockConfiguration'],
    ['SSEEnabled', 'sseEnabled'],
  ])('name %s as CDK does', (name, expected) => {
    expect(camel(name)).toBe(expected);
  });
});

describe('the templates for SST', () => {
  it("compile against SST's globals", () => {
    expect(complaints(...STORES.map((store) => `infra/${store}.ts`))).toBe('');
  });

  it('would be refused with a misspelt property', () => {
    const { text } = templateFor('sst', 'dynamodb');
    writeFileSync(join(folder, 'infra/misspelt.ts'), text.replace('hashKey', 'hashkey'));
    expect(complaints('infra/misspelt.ts')).toContain('hashkey');
  });
});
