import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary-folder.js';
import { serveHttp } from './servers.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = `
  export { createTransport } from ${JSON.stringify(join(root, 'src/aws/transport.ts'))};
  export { defaultCredentials } from ${JSON.stringify(join(root, 'src/aws/credentials.ts'))};
`;

/** A folder outside the project, so that no package of the project is found from it. */
const folder = (): string => temporaryFolder('cache-bundle');

const bundlers = {
  async esbuild(entry: string, outfile: string) {
    const { warnings } = await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    });
    return warnings.map(({ text }) => text);
  },
  async rolldown(entry: string, outfile: string) {
    const warnings: string[] = [];
    const bundle = await rolldown({
      input: entry,
      platform: 'node',
      onLog: (_, { message }) => warnings.push(message),
    });
    await bundle.write({ file: outfile, format: 'esm', minify: true });
    await bundle.close();
    return warnings;
  },
};

const clean = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|NODE)_/.test(name)));

/** Runs a module beside the bundle in a Node process of its own, and reads the JSON that it prints. */
async function runBeside(bundle: string, code: string, env: Record<string, string> = {}) {
  const file = join(bundle, '..', 'main.mjs');
  writeFileSync(
    file,
    `import { createTransport, defaultCredentials } from './bundle.mjs';\n${code}`,
  );
  const { stdout } = await run(process.execPath, [file], {
    env: { ...clean(), ...env },
    timeout: 300_000,
  });
  return JSON.parse(stdout);
}

/** Sends one request to `ENDPOINT` and prints what came of it; nothing is closed. */
const SEND = `
  const loaded = () => process.moduleLoadList.filter((name) => name.includes('undici'));
  const before = loaded();
  const transport = createTransport({
    service: 'dynamodb', region: 'us-east-1', endpoint: new URL(process.env.ENDPOINT),
    credentials: async () => ({ accessKeyId: 'A', secretAccessKey: 'S' }),
    // A timer left behind would hold the process until it is killed.
    timeouts: { connect: '10m', request: '10m', total: '10m' },
  });
  const request = { headers: {}, body: '{}', retry: 'always' };
  const { status, attempts } = await transport.send(request);
  await transport.send(request);
  console.log(JSON.stringify({ status, attempts, before, after: loaded() }));
`;

describe.each(Object.entries(bundlers))('bundled by %s', (_, bundleWith) => {
  it('needs no package and no banner, loads no undici, and does not keep the process alive', async () => {
    const path = folder();
    writeFileSync(join(path, 'entry.js'), source);
    expect(await bundleWith(join(path, 'entry.js'), join(path, 'bundle.mjs'))).toEqual([]);
    expect(readFileSync(join(path, 'bundle.mjs'), 'utf8')).not.toMatch(
      /\bfrom\s*["'](?!\.)|require\(/,
    );

    const { url, sockets } = await serveHttp(() => ({}));
    // The process ends although the server would keep the socket open for minutes.
    const result = await runBeside(join(path, 'bundle.mjs'), SEND, { ENDPOINT: url.href });
    expect(result).toEqual({ status: 200, attempts: 1, before: [], after: [] });
    expect(sockets).toHaveLength(1);
  });

  it("finds the SDK's providers at run time, or says what to install", async () => {
    const path = folder();
    writeFileSync(join(path, 'entry.js'), source);
    await bundleWith(join(path, 'entry.js'), join(path, 'bundle.mjs'));
    writeFileSync(
      join(path, 'profiles'),
      '[demo]\naws_access_key_id = PROFILE\naws_secret_access_key = secret\n',
    );
    const env = {
      AWS_PROFILE: 'demo',
      AWS_SHARED_CREDENTIALS_FILE: join(path, 'profiles'),
      AWS_CONFIG_FILE: join(path, 'none'),
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    const code = `
      const credentials = defaultCredentials();
      const transport = createTransport({
        service: 'dynamodb', region: 'us-east-1', endpoint: new URL('http://x.invalid'), credentials,
      });
      const request = { headers: {}, body: '{}', retry: 'unsent' };
      const { code, message, cause } = await transport.send(request).catch((error) => error);
      const { accessKeyId } = await (async () => credentials())().catch(() => ({}));
      console.log(JSON.stringify({ accessKeyId, code, message, why: cause?.code }));
    `;
    const bundle = join(path, 'bundle.mjs');
    const none = { AWS_CONFIG_FILE: join(path, 'none') };
    const missing: [Record<string, string>, string][] = [
      [env, 'AWS_PROFILE names the profile "demo"'],
      [
        { ...none, AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn' },
        'AWS_WEB_IDENTITY_TOKEN_FILE names a web identity',
      ],
      [{ AWS_CONFIG_FILE: join(path, 'sso') }, 'the profile "default" has sso_session'],
    ];
    writeFileSync(
      join(path, 'sso'),
      '[default]\nregion = eu-west-1\nsso_session = work\n[sso-session work]\n',
    );
    for (const [variables, why] of missing) {
      expect(await runBeside(bundle, code, variables)).toMatchObject({
        code: 'MISSING_PEER',
        message: `No AWS credentials: ${why}, which needs the package @aws-sdk/credential-providers. Install it, or give the option credentials.`,
        why: 'ERR_MODULE_NOT_FOUND',
      });
    }
    expect(await runBeside(bundle, code, { ...none, HOME: path })).toMatchObject({
      code: 'NO_CREDENTIALS',
      message: expect.stringMatching(/AWS_ACCESS_KEY_ID.*install @aws-sdk\/credential-providers/),
    });

    mkdirSync(join(path, 'node_modules'));
    symlinkSync(resolve(root, 'node_modules/@aws-sdk'), join(path, 'node_modules/@aws-sdk'));
    expect(await runBeside(bundle, code, env)).toMatchObject({ accessKeyId: 'PROFILE' });
    expect(await runBeside(bundle, code, { ...env, AWS_PROFILE: 'other' })).toMatchObject({
      code: 'NO_CREDENTIALS',
    });
  });
});

describe('over TLS', () => {
  let tls: { key: Buffer; cert: Buffer };
  let authority: string;

  beforeAll(async () => {
    const path = mkdtempSync(join(tmpdir(), 'cache-tls-'));
    authority = join(path, 'cert.pem');
    const subject = [
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', join(path, 'key.pem'), '-out', authority];
    await run('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, ...files]);
    tls = { key: readFileSync(join(path, 'key.pem')), cert: readFileSync(authority) };
    return () => rmSync(path, { recursive: true });
  });

  async function secureServer() {
    let connections = 0;
    const server = createServer(tls, (_, response) => response.end('{}'));
    server.on('secureConnection', () => connections++);
    server.on('tlsClientError', () => {});
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { endpoint: `https://localhost:${port}`, connections: () => connections };
  }

  it('keeps its connection, and trusts what Node trusts', async () => {
    const path = folder();
    writeFileSync(join(path, 'entry.js'), source);
    await bundlers.esbuild(join(path, 'entry.js'), join(path, 'bundle.mjs'));
    const { endpoint, connections } = await secureServer();
    const env = { ENDPOINT: endpoint, NODE_EXTRA_CA_CERTS: authority };
    expect(await runBeside(join(path, 'bundle.mjs'), SEND, env)).toEqual({
      status: 200,
      attempts: 1,
      before: [],
      after: [],
    });
    expect(connections()).toBe(1);
  });

  it('refuses a certificate that Node does not trust, in one try', async () => {
    const path = folder();
    writeFileSync(join(path, 'entry.js'), source);
    await bundlers.esbuild(join(path, 'entry.js'), join(path, 'bundle.mjs'));
    const { endpoint } = await secureServer();
    const code = SEND.replace(
      'const { status, attempts } = await transport.send(request);',
      'const { code, message } = await transport.send(request).catch((error) => error);',
    ).replace(
      /await transport\.send\(request\);\n.*\n/,
      'console.log(JSON.stringify({ code, message }));',
    );
    expect(await runBeside(join(path, 'bundle.mjs'), code, { ENDPOINT: endpoint })).toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/SELF_SIGNED_CERT.*tries: 1\)/),
    });
  });
});
