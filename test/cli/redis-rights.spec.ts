import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { RIGHTS } from '../../src/cli/init/redis.js';
import { describeWithRedis } from '../servers/redis-available.js';
import { bundledCommandLine } from './cli.js';

const cli = bundledCommandLine();

describeWithRedis('with the rights that init prints', (url) => {
  /** The address of a user of its own with these rights. */
  async function loginAs(role: keyof typeof RIGHTS): Promise<string> {
    const name = `test-${randomUUID()}`;
    const admin = new Redis(url);
    await admin.call('ACL', 'SETUSER', name, '>secret', ...RIGHTS[role].split(' '));
    onTestFinished(async () => {
      await admin.call('ACL', 'DELUSER', name);
      admin.disconnect();
    });
    return url.replace('redis://', `redis://${name}:secret@`);
  }

  it.each(['Writer', 'Maintainer'] as const)('conformance runs as the %s', async (role) => {
    const where = ['--redis', await loginAs(role)];
    const { code, stdout, stderr } = await cli.run([
      'conformance',
      '--json',
      '--case',
      'del',
      ...where,
    ]);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout);
    expect(report.cases.filter(({ outcome }: { outcome: string }) => outcome === 'failed')).toEqual(
      [],
    );
    expect(report.passed).toBeGreaterThan(2);
    expect(code).toBe(0);
  });

  it.each([
    ['doctor'],
    ['check'],
    ['ls'],
    ['stats'],
    ['top'],
    ['get', 'user:1'],
    ['del', 'user:1', '--yes'],
    ['expire', 'user:1', '--yes'],
    ['invalidate', 'users', '--yes'],
    ['clear', '--yes'],
  ])('%s works as the Maintainer', async (...args) => {
    const prefix = `rights-${randomUUID()}`;
    const where = ['--redis', await loginAs('Maintainer'), '--prefix', prefix];
    const { code, stderr, stdout } = await cli.run([...args, ...where]);
    expect(stderr).not.toContain('error:');
    expect([args[0], code, stdout]).toEqual([args[0], args[0] === 'get' ? 1 : 0, stdout]);
  });
});
