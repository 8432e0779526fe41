import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** Paths of PEM files. */
  readonly key: string;
  readonly certificate: string;
}

/** A self-signed certificate for 127.0.0.1, made by openssl: RSA with 2048 bits, as AWS's endpoints have. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ]);
  return { key, certificate };
}
