import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { s3Keys } from '../../src/stores/s3/keys.js';
import { customTags } from './template.js';

const file = new URL('../../infrastructure/s3.yaml', import.meta.url);
const { Resources } = parse(readFileSync(file, 'utf8'), { customTags });
const { CacheBucket, CachePolicy, CacheMaintenancePolicy } = Resources;
const rules: { Prefix: string; Status: string; ExpirationInDays: number }[] =
  CacheBucket.Properties.LifecycleConfiguration.Rules;

describe('the template of the bucket', () => {
  it('keeps versions of tags and prefixes for longer than any value, and tombstones for a day', () => {
    const keys = s3Keys('cache');
    const daysOf = (key: string) => {
      const [rule, ...others] = rules.filter(({ Prefix }) => keys.encode(key).startsWith(Prefix));
      expect(others).toEqual([]);
      expect(rule?.Status).toBe('Enabled');
      return rule?.ExpirationInDays ?? 0;
    };
    expect(daysOf('app:user:1')).toBeGreaterThanOrEqual(1);
    expect(daysOf('#lease:app:user:1')).toBe(daysOf('app:user:1'));
    // An entry lives for 366 days at most.
    for (const record of ['#tag:app:red', '#prefix:app:'])
      expect(daysOf(record)).toBeGreaterThan(367);
    expect(rules).toHaveLength(2);
  });

  it('admits nobody else', () => {
    expect(Object.values(CacheBucket.Properties.PublicAccessBlockConfiguration)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('allows what the store does, below its prefix', () => {
    const objects = { 'Fn::Sub': '$' + '{CacheBucket.Arn}/cache/*' };
    const bucket = { 'Fn::GetAtt': ['CacheBucket', 'Arn'] };
    const statements = (policy: typeof CachePolicy) =>
      policy.Properties.PolicyDocument.Statement.map(
        ({ Action, Resource }: { Action: string[]; Resource: object }) => [Action, Resource],
      );
    expect(statements(CachePolicy)).toEqual([
      [['s3:GetObject', 's3:PutObject'], objects],
      [['s3:ListBucket'], bucket],
    ]);
    expect(statements(CacheMaintenancePolicy)).toEqual([[['s3:DeleteObject'], objects]]);
  });
});
