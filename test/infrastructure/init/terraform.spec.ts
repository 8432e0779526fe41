import hcl from 'hcl2-parser';
import { beforeEach, describe, expect, it } from 'vitest';
import { STORES } from '../../../src/cli/init/blueprint.js';
import { BLUEPRINTS, templateFor } from '../../../src/cli/init/instructions.js';
import { TERRAFORM } from '../../../src/cli/init/terraform/stores.js';

interface Parsed {
  readonly resource: Readonly<
    Record<string, Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>>
  >;
  readonly variable: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
}

function parsed(text: string): Parsed {
  const [result, error] = hcl.parseToObject(text);
  if (error) throw new Error(String(error));
  return result;
}

describe.each(STORES)('the template of Terraform for %s', (store) => {
  let text: string;
  let found: Parsed;
  let names: string[];
  beforeEach(() => {
    text = templateFor('terraform', store).text;
    found = parsed(text);
    names = Object.entries(found.resource).flatMap(([type, byName]) =>
      Object.keys(byName).map((name) => `${type}.${name}`),
    );
  });

  it('has every resource of its model', () => {
    const { resources } = TERRAFORM[store]();
    expect(names.sort()).toEqual(resources.map(({ type, name }) => `${type}.${name}`).sort());
  });

  it('has blocks where Terraform wants blocks, which it refuses as maps', () => {
    for (const { type, name, body } of TERRAFORM[store]().resources) {
      const own = text.split(`resource "${type}" "${name}" {`)[1]?.split('\n}\n')[0] ?? '';
      for (const [inner, value] of Object.entries(body)) {
        const isBlock = typeof value === 'object' && ('block' in value || 'blocks' in value);
        expect([inner, own.includes(`\n  ${inner} {`)]).toEqual([inner, isBlock]);
      }
    }
  });

  it('refers only to existing resources', () => {
    const referred = [...text.matchAll(/\b(aws_[a-z\d_]+\.[a-z\d_]+)\./g)].map(
      ([, name = '']) => name,
    );
    expect(referred.length).toBeGreaterThan(3);
    expect(text).not.toContain('[object');
    expect(referred.filter((name) => !names.includes(name))).toEqual([]);
    const variables = [...text.matchAll(/\bvar\.(\w+)/g)].map(([, name = '']) => name);
    expect([...new Set(variables)].sort()).toEqual(Object.keys(found.variable).sort());
  });

  it('allows the same actions as the template of CloudFormation', () => {
    for (const role of ['Reader', 'Writer', 'Maintainer']) {
      const [policy] = found.resource.aws_iam_policy?.[`cache_${role.toLowerCase()}`] ?? [];
      const actions = [...String(policy?.policy).matchAll(/"([a-z\d]+:\w+)"/g)].map(
        ([, action]) => action,
      );
      const { Properties } = BLUEPRINTS[store]().resources[`Cache${role}Policy`] ?? {};
      const own = JSON.stringify(Object(Properties?.PolicyDocument).Statement[0].Action);
      expect(JSON.stringify(actions)).toBe(own);
    }
  });

  it('has the same alarms as the template of CloudFormation', () => {
    const own = Object.values(BLUEPRINTS[store]().resources)
      .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
      .map(({ Properties: p }) => [p.AlarmDescription, p.MetricName, p.Statistic, p.Threshold]);
    const alarms = Object.values(found.resource.aws_cloudwatch_metric_alarm ?? {}).map(([a]) => [
      ...[a?.alarm_description, a?.metric_name, a?.statistic, a?.threshold],
    ]);
    expect(alarms.sort()).toEqual(own.sort());
  });

  it('asks for a VPC, and gives a security group, only inside one', () => {
    const isInVpc = BLUEPRINTS[store]().functionSecurityGroup !== undefined;
    expect(Object.keys(found.variable).sort()).toEqual(
      isInVpc ? ['alarm_topic_arns', 'subnet_ids', 'vpc_id'] : ['alarm_topic_arns'],
    );
    expect('cache_function_security_group_id' in found.output).toBe(isInVpc);
  });

  it('gives the same variables to functions', () => {
    expect(Object.keys(TERRAFORM[store]().environment).sort()).toEqual(
      Object.keys(BLUEPRINTS[store]().environment).sort(),
    );
    expect(found.output).toHaveProperty('cache_environment');
  });
});

describe('the parser', () => {
  it('refuses what is no HCL', () => {
    const { text } = templateFor('terraform', 'dynamodb');
    expect(() => parsed(text.replace('{', ''))).toThrow();
  });
});
