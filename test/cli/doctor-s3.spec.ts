import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { PAGES } from '../../src/cli/doctor/finding.js';
import { rulesOf } from '../../src/cli/doctor/lifecycle.js';
import { LIFECYCLE } from '../../src/cli/init/s3.js';
import { failure, type S3Bucket } from '../servers/s3-bucket.js';
import { credentials, type S3Endpoint, startS3Endpoint } from '../servers/s3-endpoint.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();
const region = 'eu-central-1';

const rule = (prefix: string, days: number, others = '') =>
  `<Rule><ID>${prefix}</ID><Filter><Prefix>${prefix}</Prefix></Filter><Status>Enabled</Status><Expiration><Days>${days}</Days></Expiration>${others}</Rule>`;
const configuration = (...rules: string[]) =>
  `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules.join('')}</LifecycleConfiguration>`;
const OURS = LIFECYCLE.map(({ prefix, days }) => rule(prefix, days));

describe('doctor on S3', () => {
  let server: S3Endpoint;
  let bucket: S3Bucket;
  beforeAll(async () => {
    server = await startS3Endpoint();
  });
  beforeEach(() => {
    bucket = server.createBucket('cache-bucket', region);
    bucket.lifecycle = configuration(...OURS);
    server.intercept = undefined;
  });
  afterAll(() => server.stop());

  async function doctor(...args: string[]) {
    const where = ['--bucket', 'cache-bucket', '--region', region, '--endpoint', server.endpoint];
    const { code, stdout, stderr } = await cli.run(['doctor', '--json', ...where, ...args], {
      env: {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    });
    expect(stderr).toBe('');
    const { findings }: { findings: Finding[] } = JSON.parse(stdout);
    for (const { level, remedy, page } of findings)
      if (level === 'problem' || level === 'warning') {
        expect(remedy).toMatch(/\w/);
        expect(Object.values(PAGES)).toContain(page);
      }
    return { code, findings, found: (check: string) => findings.find((f) => f.check === check) };
  }

  /** Denies an action as IAM does. */
  const deny = (action: string) => {
    server.intercept = ({ method, name, query }) => {
      const actions: Record<string, boolean> = {
        ListBucket: query.get('list-type') === '2',
        GetObject: method === 'GET' && name !== '',
        PutObject: method === 'PUT',
        DeleteObject: method === 'POST' && query.has('delete'),
        GetLifecycleConfiguration: query.has('lifecycle'),
      };
      return actions[action] ? failure(403, 'AccessDenied', 'Access Denied') : undefined;
    };
  };

  it('is content with a bucket of the template, and leaves nothing behind but the check', async () => {
    const { code, found, findings } = await doctor('--role', 'maintainer');
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(code).toBe(0);
    for (const check of ['bucket', 'IAM, reader', 'IAM, writer', 'IAM, maintainer', 'clock'])
      expect([check, found(check)?.level]).toEqual([check, 'ok']);
    expect(found('IAM, reader')?.text).toBe('ListBucket, GetObject are allowed');
    expect(found('IAM, writer')?.text).toBe('PutObject is allowed');
    expect(found('lifecycle, values')).toMatchObject({
      level: 'ok',
      text: expect.stringContaining('8 days'),
    });
    expect(found('lifecycle, versions')?.level).toBe('ok');
    expect(found('versioning')?.level).toBe('ok');
    expect(found('latency')?.text).toMatch(/p50 [\d.]+ ms/);
    expect(found('check')?.level).toBe('ok');
    expect([...bucket.objects.keys()].filter((name) => name.endsWith('/doctor'))).toEqual([]);
  });

  it('names a bucket that is missing', async () => {
    const { code, findings } = await doctor('--bucket', 'no-such-bucket');
    expect(code).toBe(1);
    expect(findings).toMatchObject([
      {
        check: 'bucket',
        level: 'problem',
        text: 'there is no bucket "no-such-bucket" in eu-central-1',
      },
    ]);
  });

  it('names the region of a bucket that is elsewhere', async () => {
    const { code, found } = await doctor('--region', 'us-west-2');
    expect(code).toBe(1);
    expect(found('bucket')).toMatchObject({
      level: 'problem',
      text: '"cache-bucket" is not in us-west-2, but in eu-central-1',
      remedy: expect.stringContaining('--region eu-central-1'),
    });
  });

  it('names the region that is wrong, where the server does not say the right one', async () => {
    server.intercept = () => failure(400, 'IllegalLocationConstraintException', 'Elsewhere');
    const { code, findings } = await doctor();
    expect([code, findings.length]).toEqual([1, 1]);
    expect(findings[0]).toMatchObject({
      ...{ check: 'bucket', text: '"cache-bucket" is not in eu-central-1' },
      remedy: 'Give --region, that of the bucket, and the same region to the store',
    });
  });

  it('says that a server failed, and nothing more of it', async () => {
    server.intercept = () => failure(400, 'InvalidRequest', 'Odd');
    const { code, findings } = await doctor();
    expect([code, findings.map(({ check }) => check)]).toEqual([1, ['connection']]);
    expect(findings[0]?.text).toContain('Odd');
  });

  it('judges no clock where the server does not say its time', async () => {
    server.intercept = (request, answer) =>
      request.query.has('lifecycle') || request.query.has('versioning')
        ? { ...answer(), headers: { date: 'none' } }
        : undefined;
    const { code, found } = await doctor();
    expect([code, found('clock')?.level]).toEqual([0, 'note']);
  });

  it('names a deletion that the answer refuses for its object', async () => {
    server.intercept = ({ query }) =>
      query.has('delete')
        ? {
            status: 200,
            body: '<DeleteResult><Error><Key>cache/doctor</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>',
          }
        : undefined;
    const { code, found } = await doctor('--role', 'maintainer');
    expect([code, found('IAM, maintainer')?.text]).toEqual([1, 's3:DeleteObject denied']);
  });

  it.each([
    ['ListBucket', 'IAM, reader', 'the bucket "cache-bucket"'],
    ['GetObject', 'IAM, reader', 'its objects below cache/'],
    ['PutObject', 'IAM, writer', 'its objects below cache/'],
    ['DeleteObject', 'IAM, maintainer', 'its objects below cache/'],
  ])('names %s where it is denied', async (action, check, where) => {
    deny(action);
    const { code, found } = await doctor('--role', 'maintainer');
    expect(code).toBe(1);
    expect(found(check)).toMatchObject({
      level: 'problem',
      text: `s3:${action} denied`,
      remedy: `Allow s3:${action} on ${where}`,
    });
  });

  it('does not try to delete for a writer', async () => {
    deny('DeleteObject');
    const { code, found } = await doctor();
    expect([code, found('IAM, maintainer')?.level]).toEqual([0, 'note']);
  });

  it('names credentials that may do nothing', async () => {
    server.intercept = () => failure(403, 'AccessDenied', 'Access Denied');
    const { code, found } = await doctor();
    expect(code).toBe(1);
    expect(found('IAM, reader')?.text).toBe('s3:ListBucket, s3:GetObject denied');
    expect(found('IAM, reader')?.remedy).toContain('. Without ListBucket, S3 also denies');
    expect(found('lifecycle')?.level).toBe('note');
  });

  it.each<[what: string, rules: string[] | undefined, values: string, versions: string]>([
    ['no configuration', undefined, 'problem', 'warning'],
    ['a rule for values alone', OURS.slice(0, 1), 'ok', 'warning'],
    ['a rule for versions alone', OURS.slice(1), 'problem', 'ok'],
    ['one short rule for all', [rule('', 8)], 'ok', 'problem'],
    ['one long rule for all', [rule('', 368)], 'ok', 'ok'],
    ['a short rule beside', [...OURS, rule('cache/', 30)], 'ok', 'problem'],
    ['rules of another prefix', [rule('other/v/', 8), rule('other/r/', 400)], 'problem', 'warning'],
    [
      'a rule that is off',
      [(OURS[0] ?? '').replace('Enabled', 'Disabled'), OURS[1] ?? ''],
      'problem',
      'ok',
    ],
    [
      'a rule that only concerns a tag',
      [rule('cache/v/', 8, '<Filter><Tag><Key>a</Key></Tag></Filter>'), OURS[1] ?? ''],
      'problem',
      'ok',
    ],
  ])('judges the lifecycle: %s', async (_what, rules, values, versions) => {
    bucket.lifecycle = rules && configuration(...rules);
    const { code, found } = await doctor();
    expect(found('lifecycle, values')?.level).toBe(values);
    expect(found('lifecycle, versions')?.level).toBe(versions);
    expect(code).toBe([values, versions].includes('problem') ? 1 : 0);
  });

  it('says that a server has no lifecycle', async () => {
    server.intercept = ({ query }) =>
      query.has('lifecycle') ? failure(501, 'NotImplemented', 'Not here') : undefined;
    const { code, found } = await doctor();
    expect([code, found('lifecycle')?.level]).toEqual([0, 'note']);
  });

  it('says that it may not read the lifecycle', async () => {
    deny('GetLifecycleConfiguration');
    const { code, found } = await doctor();
    expect([code, found('lifecycle')?.level]).toEqual([0, 'note']);
  });

  it('warns of versions that pile up', async () => {
    bucket.isVersioned = true;
    expect((await doctor()).found('versioning')?.level).toBe('warning');
    const noncurrent =
      '<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>';
    bucket.lifecycle = configuration(...OURS, rule('x', 1, noncurrent));
    expect((await doctor()).found('versioning')?.level).toBe('ok');
  });

  it('names a server that ignores conditions', async () => {
    server.intercept = (request, answer) => {
      if (request.method !== 'PUT') return undefined;
      const { 'if-match': _, ...headers } = request.headers;
      return bucket.answer({ ...request, headers }) ?? answer();
    };
    const { code, findings } = await doctor();
    expect(code).toBe(1);
    expect(findings.at(-1)?.text).toContain('If-Match');
    expect(bucket.objects.size).toBe(0);
  });
});

describe('the rules of a configuration', () => {
  it('are read in the old form, too', async () => {
    const xml = configuration(
      '<Rule><Prefix>a/</Prefix><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule>',
      '<Rule><Status>Enabled</Status><Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration></Rule>',
      '<Rule><Filter/><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>',
    );
    expect(await rulesOf(xml)).toEqual([{ prefix: 'a/', days: 3 }]);
  });
});
