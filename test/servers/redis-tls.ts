import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../../bench/server/certificate.js';

/** A certificate of its own, and the configuration of servers that show it. */
export async function prepareTLS() {
  const folder = await mkdtemp(join(tmpdir(), 'redis-tls-'));
  const { key, certificate } = await makeCertificate(folder);
  return {
    ca: await readFile(certificate),
    config: (port: number): string[] => [
      `tls-port ${port}`,
      `tls-cert-file ${certificate}`,
      `tls-key-file ${key}`,
      `tls-ca-cert-file ${certificate}`,
      'tls-auth-clients no',
    ],
    remove: () => rm(folder, { recursive: true }),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
