import { spawnSync } from 'node:child_process';

/** Cluster commands and scripts of the tests ask for this one or a later one. */
const requiredRedis = 6;

export const redisPackage = 'redis-server';
export const redisCure = `apt-get install -y ${redisPackage}`;

/** The version of the server on `PATH`, such as `7.0.15`. */
function redisVersion(): string | undefined {
  const { stdout, error } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  return error ? undefined : /v=(\S+)/.exec(stdout)?.[1];
}

/** Why the tests cannot use this machine's Redis, and the cure; undefined when they can. */
export function redisProblem(): string | undefined {
  const version = redisVersion();
  if (version === undefined) return `there is no Redis: ${redisCure}`;
  if (Number.parseInt(version, 10) < requiredRedis)
    return `Redis ${version} is too old, ${requiredRedis} or later is needed: ${redisCure}`;
  return undefined;
}
