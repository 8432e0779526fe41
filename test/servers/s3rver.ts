import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from '../../scripts/fetch-package.js';

/** The only keys that s3rver knows. */
export const s3rverCredentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/**
 * Starts `@20minutes/s3rver` in a process of its own, because it needs Node 24. It checks signatures, and ignores the
 * conditions of writes.
 */
export async function startS3rver(
  bucket: string,
): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const program = fileURLToPath(new URL('s3rver-process.cjs', import.meta.url));
  const child = spawn(await nodeBinary(24), [program, bucket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const port = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (port === undefined) throw new Error('s3rver ended before it listened');
  return {
    endpoint: `http://127.0.0.1:${port[0]}`,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
