import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary-folder.js';
import { serveHttp } from './servers.js';

const run = promisify(execFile);
const folder = temporaryFolder('cache-tls', afterAll);
const authority = join(folder, 'certificate.pem');
const privateKey = join(folder, 'key.pem');
const transport = fileURLToPath(new URL('../../src/aws/transport.ts', import.meta.url));

beforeAll(async () => {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', privateKey, '-out', authority];
  await run('openssl', ['req', '-x509', '-days', '2', ...key, ...names, ...files]);
  writeFileSync(
    join(folder, 'entry.js'),
    `export { createTransport } from ${JSON.stringify(transport)};`,
  );
  await build({
    entryPoints: [join(folder, 'entry.js')],
    outfile: join(folder, 'bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
});

/** In a process of its own: Node reads what it trusts when it starts. */
async function runProgram(endpoint: string, code: string) {
  const file = join(folder, 'main.mjs');
  writeFileSync(
    file,
    `import { createTransport } from './bundle.mjs';
    const create = () => createTransport({
      service: 'dynamodb', region: 'us-east-1', endpoint: new URL(${JSON.stringify(endpoint)}),
      credentials: async () => ({ accessKeyId: 'A', secretAccessKey: 'S' }),
      timeouts: { connect: '10m', request: '10m', total: '10m' },
    });
    const request = { headers: {}, body: '{}', retry: 'always' };
    const loaded = () => process.moduleLoadList
      .map((name) => name.replace('NativeModule ', ''))
      .filter((name) => /^(https?|tls|net|_http_\\w+)$/.test(name)).sort();
    ${code}`,
  );
  const clean = Object.entries(process.env).filter(([name]) => !/^(AWS|NODE)_/.test(name));
  const env = { ...Object.fromEntries(clean), NODE_EXTRA_CA_CERTS: authority };
  const { stdout } = await run(process.execPath, [file], { env, timeout: 300_000 });
  return JSON.parse(stdout);
}

interface Handshake {
  readonly name: unknown;
  readonly protocol: unknown;
  readonly resumed: boolean;
}

/** A server that tells how each connection was made, and ends it after its answer. */
async function secureServer(options: { maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {}) {
  const handshakes: Handshake[] = [];
  const tls = { key: readFileSync(privateKey), cert: readFileSync(authority), ...options };
  const server = createServer(tls, (_, response) => {
    response.writeHead(200, { connection: 'close' });
    response.end('{}');
  });
  server.on('secureConnection', (socket) => {
    const { servername: name, alpnProtocol: protocol } = socket;
    handshakes.push({ name, protocol, resumed: socket.isSessionReused() });
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, handshakes };
}

const TWICE = `
  const transport = create();
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await transport.send(request)).status);
  console.log(JSON.stringify(statuses));
`;

describe('a handshake', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'names the host and HTTP/1.1, and resumes the session of the one before (%s)',
    async (maxVersion) => {
      const { port, handshakes } = await secureServer({ maxVersion });
      expect(await runProgram(`https://localhost:${port}`, TWICE)).toEqual([200, 200, 200]);
      const protocol = 'http/1.1';
      // OpenSSL does not repeat the name for a session of TLS 1.2.
      const name = maxVersion === 'TLSv1.3' && 'localhost';
      expect(handshakes).toEqual([
        { name: 'localhost', protocol, resumed: false },
        { name, protocol, resumed: true },
        { name, protocol, resumed: true },
      ]);
    },
  );

  it('names no host that is an address, and checks the certificate for it', async () => {
    const { port, handshakes } = await secureServer();
    expect(await runProgram(`https://127.0.0.1:${port}`, TWICE)).toEqual([200, 200, 200]);
    expect(handshakes.map(({ name }) => name)).toEqual([false, false, false]);
  });

  it('refuses a certificate of another host, in one try', async () => {
    const { port } = await secureServer();
    const code = `
      const dns = process.getBuiltinModule('node:dns');
      dns.lookup = (host, options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]);
      const { code, message } = await create().send(request).catch((error) => error);
      console.log(JSON.stringify({ code, message }));
    `;
    expect(await runProgram(`https://elsewhere.test:${port}`, code)).toEqual({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/ERR_TLS_CERT_ALTNAME_INVALID \(tries: 1\)/),
    });
  });
});

describe('a host with several addresses', () => {
  // 127.0.0.2 is this machine, too, and nobody listens there.
  const code = `
    const dns = process.getBuiltinModule('node:dns');
    dns.lookup = (host, options, found) => found(null, [
      { address: '::1', family: 6 }, { address: '127.0.0.2', family: 4 }, { address: '127.0.0.1', family: 4 },
    ]);
    const { status, attempts } = await create().send(request);
    console.log(JSON.stringify({ status, attempts }));
  `;

  it('is reached at the one that answers', async () => {
    const { url } = await serveHttp(() => ({}));
    expect(await runProgram(`http://localhost:${url.port}`, code)).toEqual({
      status: 200,
      attempts: 1,
    });
  });

  it('is reached at the one that answers, over TLS', async () => {
    const { port } = await secureServer();
    expect(await runProgram(`https://localhost:${port}`, code)).toEqual({
      status: 200,
      attempts: 1,
    });
  });
});

describe('the modules of Node', () => {
  const code = `
    const before = loaded();
    const transport = create();
    const created = loaded();
    await transport.send(request);
    console.log(JSON.stringify({ before, created, after: loaded() }));
  `;

  it('that connect are loaded when the transport is made, and those of HTTP never', async () => {
    const { url } = await serveHttp(() => ({}));
    expect(await runProgram(url.href, code)).toEqual({
      before: [],
      created: ['net'],
      after: ['net'],
    });
    const { port } = await secureServer();
    const both = ['net', 'tls'];
    expect(await runProgram(`https://localhost:${port}`, code)).toEqual({
      before: [],
      created: both,
      after: both,
    });
  });
});
