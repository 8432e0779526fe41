import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { transformSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../../../scripts/run.js';
import { STORES, type Store } from '../../../src/cli/init/blueprint.js';
import { camel } from '../../../src/cli/init/cdk.js';
import { BLUEPRINTS, templateFor } from '../../../src/cli/init/instructions.js';
import type { Body, Term } from '../../../src/cli/init/terraform/model.js';
import { TERRAFORM } from '../../../src/cli/init/terraform/stores.js';
import { newApp } from '../app.js';
import { SST_PLATFORM } from './sst-platform.js';

// Inside the repository, so that aws-cdk-lib is found.
const folder = join(root, '.cache', `templates-${randomUUID()}`);

beforeAll(() => {
  mkdirSync(join(folder, '.sst/platform'), { recursive: true });
  mkdirSync(join(folder, 'infra'), { recursive: true });
  writeFileSync(join(folder, '.sst/platform/config.d.ts'), SST_PLATFORM);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
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

let files = 0;
/** The exports of a template. */
async function imported(text: string) {
  const { code } = transformSync(text, { loader: 'ts', format: 'esm' });
  const file = join(folder, `template-${files++}.mjs`);
  writeFileSync(file, code);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

/** Names, texts and numbers of a template, and what it refers to; without what a parameter or the stack itself gives. */
function partsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(partsOf).sort();
  if (typeof value !== 'object' || value === null)
    return /^(vpc|subnet)-|^cache-(reader|writer|maintainer|cache)$/.test(String(value))
      ? []
      : [String(value)];
  const [[name = '', argument] = [], ...others] = Object.entries(value);
  const refers = (to: string) => (/^(Cache\w+)/.test(to) ? [`to ${to}`] : []);
  if (others.length === 0 && name === 'Ref') return refers(String(argument));
  if (others.length === 0 && name === 'Fn::GetAtt') return refers(argument.join('.'));
  if (others.length === 0 && name === 'Fn::Sub')
    return [...argument.matchAll(/\$\{([^}]+)\}/g)].flatMap(([, to]) => refers(to)).sort();
  if (others.length === 0 && name === 'Fn::Join')
    return argument[1]
      .filter((part: unknown) => typeof part === 'object')
      .flatMap(partsOf)
      .sort();
  return Object.entries(value)
    .flatMap(([own, part]) => [own, ...partsOf(part)])
    .sort();
}

describe('the templates for CDK', () => {
  it('compile without a complaint', () => {
    for (const store of STORES)
      writeFileSync(join(folder, `${store}-stack.ts`), templateFor('cdk', store).text);
    expect(complaints(...STORES.map((store) => `${store}-stack.ts`))).toBe('');
  });

  it('would be refused with a misspelt property', () => {
    const { text } = templateFor('cdk', 'dynamodb');
    writeFileSync(join(folder, 'misspelt.ts'), text.replace('billingMode', 'bilingMode'));
    expect(complaints('misspelt.ts')).toContain('bilingMode');
  });

  const VPC_PROPS = {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  };
  async function synthesised(store: Store, props?: object) {
    const { CacheStack } = await imported(templateFor('cdk', store).text);
    const stack = new CacheStack(newApp(), 'Cache', props);
    const resources: Record<string, { Type: string; Properties: Record<string, unknown> }> =
      Template.fromStack(stack).toJSON().Resources;
    return { stack, resources };
  }

  it.each(STORES)('give the resources of the blueprint for %s', async (store) => {
    const { resources } = await synthesised(store, VPC_PROPS);
    const blueprint = BLUEPRINTS[store]().resources;
    expect(Object.keys(resources).sort()).toEqual(Object.keys(blueprint).sort());
    for (const [name, { Type, Properties }] of Object.entries(blueprint)) {
      const { AlarmActions, ...others } = Properties;
      expect(resources[name]).toMatchObject({ Type });
      expect([name, partsOf(resources[name]?.Properties)]).toEqual([name, partsOf(others)]);
    }
  });

  it('take a topic for the alarms, if there is one', async () => {
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:1:topic';
    const actions = async (props?: object) =>
      (await synthesised('dynamodb', props)).resources.CacheReadThrottleAlarm?.Properties
        .AlarmActions;
    expect([await actions({ alarmTopicArn }), await actions()]).toEqual([
      [alarmTopicArn],
      undefined,
    ]);
  });

  it('have the variables and the policies for functions', async () => {
    const { stack } = await synthesised('redis', VPC_PROPS);
    expect(partsOf(stack.resolve(stack.cacheEnvironment))).toEqual(
      partsOf(BLUEPRINTS.redis().environment),
    );
    expect(stack.resolve(stack.functionSecurityGroupId)).toEqual({
      'Fn::GetAtt': ['CacheFunctionSecurityGroup', 'GroupId'],
    });
    expect(stack.resolve(stack.cacheWriterPolicy.managedPolicyArn)).toEqual({
      Ref: 'CacheWriterPolicy',
    });
    expect((await synthesised('s3')).stack).not.toHaveProperty('functionSecurityGroupId');
  });

  it.each(STORES)('quote only the names for %s that need it', (store) => {
    expect(templateFor('cdk', store).text).not.toMatch(/^ *'[A-Za-z_]+':/m);
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
    for (const store of STORES)
      writeFileSync(join(folder, `infra/${store}.ts`), templateFor('sst', store).text);
    expect(complaints(...STORES.map((store) => `infra/${store}.ts`))).toBe('');
  });

  it('would be refused with a misspelt property', () => {
    const { text } = templateFor('sst', 'dynamodb');
    writeFileSync(join(folder, 'infra/misspelt.ts'), text.replace('hashKey', 'hashkey'));
    expect(complaints('infra/misspelt.ts')).toContain('hashkey');
  });

  afterEach(() => void vi.unstubAllGlobals());

  const OPTIONS = { vpcId: 'vpc', subnetIds: ['subnet'], alarmTopicArns: ['topic'] };
  const VARIABLES: Readonly<Record<string, unknown>> = {
    ...{ vpc_id: 'vpc', subnet_ids: ['subnet'], alarm_topic_arns: ['topic'] },
  };

  /** Runs a template with classes that keep what they are given. Their attributes say whose they are. */
  async function deployed(store: Store) {
    const made: { id: string; parts: string[] }[] = [];
    const resource = (id: string, given: object) => {
      const at = made.push({ id, parts: leaves(given) }) - 1;
      const attribute = (_: object, name: string) =>
        name === 'endpoints' ? [{ address: `<${at} endpoint[0].address>` }] : `<${at} ${name}>`;
      return new Proxy({}, { get: attribute });
    };
    const space = new Proxy(
      {},
      {
        get: () =>
          new Proxy(
            {},
            {
              get: () =>
                function Resource(id: string, given: object) {
                  return resource(id, given);
                },
            },
          ),
      },
    );
    vi.stubGlobal('aws', space);
    vi.stubGlobal('$jsonStringify', (document: object) => document);
    vi.stubGlobal('$interpolate', String.raw);
    const { createCache } = await imported(templateFor('sst', store).text);
    const isInVpc = BLUEPRINTS[store]().functionSecurityGroup !== undefined;
    return {
      made,
      cache: isInVpc ? createCache(OPTIONS) : createCache({ alarmTopicArns: ['topic'] }),
    };
  }

  /** The texts, numbers and switches inside, each with its own name. */
  function leaves(value: unknown, name = ''): string[] {
    if (typeof value !== 'object' || value === null) return [`${name}: ${value}`];
    const parts = Object.entries(value).flatMap(([own, part]) =>
      leaves(part, Array.isArray(value) ? name : own),
    );
    return parts.sort();
  }

  const camelCase = (name: string) =>
    name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());

  it.each(STORES)('create for %s what the template of Terraform does', async (store) => {
    const { resources, environment } = TERRAFORM[store]();
    const reference = (type: string, own: string, attribute: string) => {
      const at = resources.findIndex((each) => each.type === type && each.name === own);
      return `<${at} ${camelCase(attribute)}>`;
    };
    const plain = (term: Term): unknown => {
      if (typeof term !== 'object') return term;
      if (Array.isArray(term)) return term.map(plain);
      const [[kind = '', content] = []] = Object.entries(term);
      if (kind === 'reference') return reference(content.type, content.name, content.attribute);
      if (kind === 'variable') return VARIABLES[content];
      if (kind === 'blocks') return content.map((body: Body) => named(body, camelCase));
      if (kind === 'block') return named(content, camelCase);
      if (kind !== 'template') return named(content, (own) => own);
      return content
        .map((part: string | { type: string; name: string; attribute: string }) =>
          typeof part === 'string' ? part : reference(part.type, part.name, part.attribute),
        )
        .join('');
    };
    const named = (body: Body, nameOf: (name: string) => string) =>
      Object.fromEntries(Object.entries(body).map(([own, term]) => [nameOf(own), plain(term)]));

    const { made, cache } = await deployed(store);
    expect(made.map(({ parts }) => parts)).toEqual(
      resources.map(({ body }) => leaves(named(body, camelCase))),
    );
    // Pulumi refuses two resources of one name.
    expect(new Set(made.map(({ id }) => id)).size).toBe(resources.length);
    const group = reference('aws_security_group', 'cache_function', 'id');
    expect(cache).toEqual({
      environment: named(environment, (own) => own),
      readerPolicy: reference('aws_iam_policy', 'cache_reader', 'arn'),
      writerPolicy: reference('aws_iam_policy', 'cache_writer', 'arn'),
      maintainerPolicy: reference('aws_iam_policy', 'cache_maintainer', 'arn'),
      ...(BLUEPRINTS[store]().functionSecurityGroup && { functionSecurityGroup: group }),
    });
  });
});
