import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { RequestSigner } from 'aws4';
import { expect, it, onTestFinished, vi } from 'vitest';

// The baseline must be a client that DynamoDB would serve: a signature made of less work would be no bound to compare
// with. The servers of the benchmark do not check it.
it('signs as aws4 does', async () => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ request, body: await text(request) });
    response.end(JSON.stringify({ Item: { value: { S: 'the value' } } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('ENDPOINT', endpoint);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG');
  const { getItem } = await import('../../bench/programs/bare-dynamodb.js');

  expect(await getItem('table', 'a key')).toBe('the value');
  // The second one with the signing key that was kept.
  await getItem('table', 'another key');
  const bodies = seen.map(({ body }) => JSON.parse(body).Key.pk.S);
  expect(bodies).toEqual(['a key', 'another key']);
  for (const { request, body } of seen) {
    const { headers } = request;
    const signer = new RequestSigner(
      {
        ...{ service: 'dynamodb', region: 'eu-central-1', method: 'POST', path: '/', body },
        headers: {
          host: headers.host ?? '',
          'content-type': String(headers['content-type']),
          'x-amz-date': String(headers['x-amz-date']),
          'x-amz-target': String(headers['x-amz-target']),
        },
        doNotModifyHeaders: true,
      },
      { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' },
    );
    // aws4 signs for its own second where it must leave the headers alone, and that may be the next one by now.
    Object.assign(signer, { datetime: headers['x-amz-date'] });
    const expected = signer.sign();
    const signatureOf = (authorization: unknown) => String(authorization).split('Signature=')[1];
    expect(signatureOf(headers.authorization)).toMatch(/^[0-9a-f]{64}$/);
    expect(headers.authorization).toBe(expected.headers?.Authorization);
  }
});
