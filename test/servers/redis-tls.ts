import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../../bench/server/certificate.js';

/** A certificate of its own, and the configuration of servers that show it. `clients`: whether they must show one, too. */
export async function prepareTLS(clients: 'yes' | 'no' = 'no') {
  const folder = await mkdtemp(join(tmpdir(), 'redis-tls-'));
  const { key, certificate } = await makeCertificate(folder);
  return {
    ca: await readFile(certificate),
    config: (port: number): string[] => [
      `tls-port ${port}`,
      `tls-cert-file ${certificate}`,
      `tls-key-file ${key}`,
      `tls-ca-cert-file ${certificate}`,
      `tls-auth-clients ${clients}`,
    ],
    remove: () => rm(folder, { recursive: true }),
  };
}
