import type { HttpDatabase } from '../../stores/s3/http-database.js';
import { errorText } from '../report-error.js';
import { openBucket } from '../target/s3.js';
import type { DoctorOptions } from './dynamodb.js';
import { type Finding, note, ok, PAGES, problem } from './finding.js';
import { examineLifecycle, examineVersioning, settingOf } from './lifecycle.js';
import { ROLES, type Role } from './permissions.js';
import { examineRuntime } from './runtime.js';
import { isDenied, typeOf } from './s3-errors.js';
import { examineClock, examineLatency } from './speed.js';

/** Everything about a bucket, in the order in which one fault hides the next. */
export async function* examineBucket(options: DoctorOptions): AsyncGenerator<Finding> {
  const { store, database, inspection } = await openBucket(options);
  try {
    const { finding, isThere } = await examinePresence(database);
    yield finding;
    if (!isThere) return;
    const permissions = await examinePermissions(database, options.role);
    yield* permissions;
    const { s3Keys } = await import('../library.js');
    const [values = '', versions = ''] = s3Keys(database.place.prefix).folders;
    const lifecycle = await settingOf(database, 'lifecycle');
    yield* await examineLifecycle(lifecycle, { values, versions });
    const versioning = await settingOf(database, 'versioning');
    yield* await examineVersioning(versioning, lifecycle);
    if (permissions.every(({ level }) => level !== 'problem')) {
      // The header has whole seconds.
      const date = Date.parse(lifecycle.date ?? versioning.date ?? '');
      yield examineClock(date, Date.now(), 1_000);
      yield await examineLatency(() => database.get(probeOf(database)));
    }
    const { region = '' } = database.place;
    yield* await examineRuntime(options, region, options.functions, Date.now());
  } finally {
    await Promise.allSettled([store.close(), inspection.close()]);
    database.close();
  }
}

/** A name below the prefix that no key of the store has. */
const probeOf = ({ place }: HttpDatabase): string => `${place.prefix}/doctor`;

async function examinePresence(
  database: HttpDatabase,
): Promise<{ finding: Finding; isThere: boolean }> {
  const { bucket, region = '' } = database.place;
  try {
    await database.list(probeOf(database), undefined);
  } catch (error) {
    const type = typeOf(error);
    if (type === 'NoSuchBucket') {
      const text = `there is no bucket "${bucket}" in ${region}`;
      const remedy =
        'Create it (glasswork-cache init), or fix --bucket, --region or the account of the credentials';
      return { finding: problem('bucket', text, remedy, PAGES.s3), isThere: false };
    }
    if (/^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocation|HTTP 301)/.test(type)) {
      const [, other] = /" is in ([a-z\d-]+)/.exec(errorText(error)) ?? [];
      const text = `"${bucket}" is not in ${region}${other ? `, but in ${other}` : ''}`;
      const remedy = `Give --region${other ? ` ${other}` : ', that of the bucket'}, and the same region to the store`;
      return { finding: problem('bucket', text, remedy, PAGES.s3), isThere: false };
    }
    if (!isDenied(error)) throw error;
  }
  // A denial may hide that there is no bucket; the permissions tell.
  return { finding: ok('bucket', `"${bucket}" answers in ${region}`), isThere: true };
}

/** Asks for a write that no state of the object allows. */
async function putNothing(database: HttpDatabase): Promise<void> {
  const name = probeOf(database);
  const { kind } = await database.put(name, Buffer.from(''), '"doctor"', () => false);
  if (kind !== 'written') return;
  await database.delete([name]).catch(() => {});
  throw new Error(
    'The server ignored the condition of a write (If-Match), which every fill and invalidation needs',
  );
}

/** Requests that change nothing, by the permission that each needs. */
const PROBES: Readonly<
  Record<
    Role,
    readonly (readonly [action: string, send: (database: HttpDatabase) => Promise<unknown>])[]
  >
> = {
  reader: [
    ['ListBucket', (database) => database.list(probeOf(database), undefined)],
    ['GetObject', (database) => database.get(probeOf(database), 1)],
  ],
  writer: [['PutObject', putNothing]],
  maintainer: [
    [
      'DeleteObject',
      async (database) => {
        const [error] = await database.delete([probeOf(database)]);
        if (error) throw Object.assign(new Error(error.message), { cause: { name: error.type } });
      },
    ],
  ],
};

async function examinePermissions(database: HttpDatabase, role: Role): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const each of ROLES) {
    const check = `IAM, ${each}`;
    if (ROLES.indexOf(each) > ROLES.indexOf(role)) {
      findings.push(note(check, `not examined, because --role is ${role}`));
      continue;
    }
    const denied: string[] = [];
    for (const [action, send] of PROBES[each]) {
      const error = await send(database).then(
        () => undefined,
        (thrown: unknown) => thrown ?? new Error('failed'),
      );
      if (error !== undefined && !isDenied(error)) throw error;
      if (error !== undefined) denied.push(action);
    }
    findings.push(permission(check, each, denied, database));
  }
  return findings;
}

function permission(
  check: string,
  role: Role,
  denied: readonly string[],
  { place }: HttpDatabase,
): Finding {
  const actions = PROBES[role].map(([action]) => action);
  if (denied.length === 0)
    return ok(check, `${actions.join(', ')} ${actions.length === 1 ? 'is' : 'are'} allowed`);
  const names = denied.map((action) => `s3:${action}`).join(', ');
  const on = denied.map((action) =>
    action === 'ListBucket'
      ? `s3:ListBucket on the bucket "${place.bucket}"`
      : `s3:${action} on its objects below ${place.prefix}/`,
  );
  const hint =
    denied.includes('ListBucket') && denied.includes('GetObject')
      ? '. Without ListBucket, S3 also denies reads of objects that do not exist'
      : '';
  return problem(check, `${names} denied`, `Allow ${on.join(' and ')}${hint}`, PAGES.s3);
}
