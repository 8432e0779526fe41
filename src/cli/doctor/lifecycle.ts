import type { HttpDatabase } from '../../stores/s3/http-database.js';
import { type Finding, note, ok, PAGES, problem, warning } from './finding.js';
import { isDenied, typeOf } from './s3-errors.js';

/** A setting of the bucket: its XML, or why it could not be read. */
export interface SettingRead {
  readonly xml?: string;
  readonly date?: string | undefined;
  readonly missing?: 'denied' | 'none' | 'unsupported';
}

export async function settingOf(
  database: HttpDatabase,
  name: 'lifecycle' | 'versioning',
): Promise<SettingRead> {
  try {
    return await database.setting(name);
  } catch (error) {
    if (isDenied(error)) return { missing: 'denied' };
    const type = typeOf(error);
    if (type === 'NoSuchLifecycleConfiguration') return { missing: 'none' };
    if (/^(NotImplemented|MethodNotAllowed|HTTP 501|HTTP 405)/.test(type))
      return { missing: 'unsupported' };
    throw error;
  }
}

/** A rule that deletes objects for no other reason than their age. */
export interface Rule {
  readonly prefix: string;
  readonly days: number;
}

/** No version of a tag or prefix may go before the entries that carry it, days. */
export const LEAST_VERSION_DAYS = 368;

export async function examineLifecycle(
  { xml, missing }: SettingRead,
  folders: { readonly values: string; readonly versions: string },
): Promise<Finding[]> {
  if (missing === 'denied')
    return [note('lifecycle', 'not allowed to read it (s3:GetLifecycleConfiguration)')];
  if (missing === 'unsupported') return [note('lifecycle', 'this server has none')];
  const rules = xml === undefined ? [] : await rulesOf(xml);
  return [valuesOf(rules, folders.values), versionsOf(rules, folders.versions)];
}

/** The rules that are on, and delete by age. */
export async function rulesOf(xml: string): Promise<Rule[]> {
  const { contents, textOf } = await import('../library.js');
  return contents(xml, 'Rule').flatMap((rule) => {
    const [expiration = ''] = contents(rule, 'Expiration');
    const days = Number(textOf(expiration, 'Days'));
    const isPartial = /<(Tag|ObjectSizeGreaterThan|ObjectSizeLessThan)>/.test(rule);
    if (textOf(rule, 'Status') !== 'Enabled' || !(days > 0) || isPartial) return [];
    return [{ prefix: textOf(rule, 'Prefix') ?? '', days }];
  });
}

/** The days after which an object of the folder is deleted, if it is. */
const daysFor = (rules: readonly Rule[], folder: string): number | undefined => {
  const days = rules.filter(({ prefix }) => folder.startsWith(prefix)).map((rule) => rule.days);
  return days.length > 0 ? Math.min(...days) : undefined;
};

function valuesOf(rules: readonly Rule[], folder: string): Finding {
  const days = daysFor(rules, folder);
  if (days !== undefined) return ok('lifecycle, values', `${folder} is deleted after ${days} days`);
  const text = `no rule deletes objects below ${folder}: expired values stay, and their storage is billed`;
  const remedy = `Add a lifecycle rule that expires ${folder} after more days than your longest ttl, such as 8`;
  return problem('lifecycle, values', text, remedy, PAGES.s3);
}

function versionsOf(rules: readonly Rule[], folder: string): Finding {
  const check = 'lifecycle, versions';
  const days = daysFor(rules, folder);
  if (days === undefined) {
    const text = `no rule deletes objects below ${folder}: versions of tags that nothing uses any more stay`;
    const remedy = `Add a lifecycle rule that expires ${folder} after 400 days`;
    return warning(check, text, remedy, PAGES.s3);
  }
  if (days >= LEAST_VERSION_DAYS) return ok(check, `${folder} is deleted after ${days} days`);
  const text = `${folder} is deleted after ${days} days: a version that goes before the values that carry it may make invalidated values valid again`;
  const remedy = `Let no rule expire ${folder} before ${LEAST_VERSION_DAYS} days, such as one without a prefix`;
  return problem(check, text, remedy, PAGES.s3);
}

export async function examineVersioning(
  { xml, missing }: SettingRead,
  lifecycle: SettingRead,
): Promise<Finding[]> {
  if (missing === 'denied')
    return [note('versioning', 'not allowed to read it (s3:GetBucketVersioning)')];
  if (xml === undefined) return [note('versioning', 'this server has none')];
  const { textOf } = await import('../library.js');
  if (textOf(xml, 'Status') !== 'Enabled') return [ok('versioning', 'off')];
  if (/<NoncurrentVersionExpiration>/.test(lifecycle.xml ?? ''))
    return [ok('versioning', 'on, and a rule deletes old versions')];
  const text = 'on: every write leaves an old version, which is billed and never deleted';
  const remedy = 'Suspend versioning, or add NoncurrentVersionExpiration to the lifecycle rules';
  return [warning('versioning', text, remedy, PAGES.s3)];
}
