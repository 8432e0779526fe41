import type { CallRedis } from '../../stores/redis/inspection.js';
import { bytesText } from '../format.js';
import type { Place } from '../options.js';
import { errorText } from '../report-error.js';
import { isLocal } from '../target/credentials.js';
import { openRedis } from '../target/redis.js';
import { type Finding, note, ok, PAGES, problem, warning } from './finding.js';
import { examineClock, examineLatency } from './speed.js';

type Info = ReadonlyMap<string, string>;

/** Everything about a server, in the order in which one fault hides the next. */
export async function* examineRedis(place: Place): AsyncGenerator<Finding> {
  const { store, inspection } = await openRedis(place);
  try {
    try {
      await inspection.call('PING');
    } catch (error) {
      // Every command proves first that a primary answers it.
      const check = /READONLY|MASTERDOWN/.test(errorText(error)) ? 'role' : 'server';
      yield problem(check, errorText(error), 'Do what the message says', PAGES.redis);
      return;
    }
    const info = await infoOf(inspection.call);
    if (info) yield* judgeInfo(info);
    else
      yield note('settings', 'not allowed to read them (INFO): policy and role were not examined');
    yield encryption(place.redis ?? '');
    yield await scripts(inspection.call);
    yield await login(inspection.call);
    const [seconds, micros] = Object(await inspection.call('TIME').catch(() => []));
    yield examineClock(Number(seconds) * 1000 + Number(micros) / 1000, Date.now(), 100);
    yield await examineLatency(() => inspection.call('PING'));
  } finally {
    await Promise.allSettled([store.close(), inspection.close()]);
  }
}

/** Undefined if the user may not send it. */
async function infoOf(call: CallRedis): Promise<Info | undefined> {
  try {
    const settings = String(await call('INFO')).matchAll(/^([^:\r\n]+):(.*)/gm);
    return new Map([...settings].map(([, name = '', value = '']) => [name, value]));
  } catch {
    return undefined;
  }
}

/** Settings that INFO reports. ElastiCache denies CONFIG. */
export function judgeInfo(info: Info): Finding[] {
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown';
  const name = info.has('valkey_version') ? 'Valkey' : 'Redis';
  const cluster = info.get('cluster_enabled') === '1' ? ', a Cluster' : '';
  return [
    ok('server', `${name} ${version}${cluster}`),
    roleOf(info),
    memoryOf(info),
    evictedOf(info),
  ].filter((finding) => finding !== undefined);
}

function roleOf(info: Info): Finding {
  if (info.get('role') === 'slave') {
    const host = `${info.get('master_host')}:${info.get('master_port')}`;
    const remedy = `Connect to the primary endpoint (${host}): the store writes, and replicas lag`;
    return problem('role', 'this is a replica', remedy, PAGES.redis);
  }
  const replicas = Number(info.get('connected_slaves') ?? 0);
  const about = replicas > 0 ? `: a failover may lose an invalidation that was just confirmed` : '';
  return ok('role', `primary, ${replicas} replica${replicas === 1 ? '' : 's'}${about}`);
}

function memoryOf(info: Info): Finding {
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  const most = Number(info.get('maxmemory') ?? 0);
  const used = bytesText(Number(info.get('used_memory') ?? 0));
  if (most === 0) {
    const remedy = 'Set maxmemory, and maxmemory-policy to one that evicts, such as volatile-lru';
    return warning(
      'memory',
      `${used} used, no limit: the server may run out of memory`,
      remedy,
      PAGES.redis,
    );
  }
  if (policy === 'noeviction') {
    const remedy = 'Set maxmemory-policy to one that evicts, such as volatile-lru';
    return problem(
      'memory',
      `noeviction: a full server (${bytesText(most)}) refuses fills`,
      remedy,
      PAGES.redis,
    );
  }
  return ok('memory', `${used} of ${bytesText(most)} used, ${policy}`);
}

function evictedOf(info: Info): Finding | undefined {
  const evicted = Number(info.get('evicted_keys') ?? 0);
  if (evicted === 0) return undefined;
  return note(
    'evictions',
    `${evicted} keys since its start: a lost version of a tag or prefix costs loads`,
  );
}

export function encryption(url: string): Finding {
  const isSecure = /^(rediss|valkeys):/.test(url) || url.startsWith('/');
  if (isSecure || isLocal(url.replace(/^\w+:/, 'http:')))
    return ok('TLS', isSecure ? 'on' : 'off, on this machine');
  const remedy = 'Use rediss://, and turn on encryption in transit on the server';
  return warning('TLS', 'off: password and values travel as plain text', remedy, PAGES.redis);
}

async function scripts(call: CallRedis): Promise<Finding> {
  try {
    await call('EVAL', 'return 1', '0');
    return ok('scripts', 'allowed');
  } catch (error) {
    return problem(
      'scripts',
      errorText(error),
      'Allow EVAL and EVALSHA: each fill is a script',
      PAGES.redis,
    );
  }
}

async function login(call: CallRedis): Promise<Finding> {
  try {
    return ok('user', `logged in as ${String(await call('ACL', 'WHOAMI'))}`);
  } catch {
    return note('user', 'the server does not say as whom (ACL WHOAMI)');
  }
}
