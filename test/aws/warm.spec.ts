import { describe, expect, it } from 'vitest';
import { freePort } from '../servers/free-port.js';
import { ask, change, credentials, serveHttp, serveTcp, transportTo } from './servers.js';

describe('a transport that is warmed', () => {
  it('has a connection for the first request, and has asked the service for nothing', async () => {
    const { url, requests, sockets } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    await transport.warm();
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/', body: '' });
    expect(Object.keys(requests[0]?.headers ?? {}).toSorted()).toEqual(['connection', 'host']);
    for (const request of [change, ask]) {
      expect(await transport.send(request)).toMatchObject({ status: 200, attempts: 1 });
    }
    expect(sockets).toHaveLength(1);
  });

  it('has found the credentials', async () => {
    const { url } = await serveHttp(() => ({}));
    let asked = 0;
    const provide = async () => {
      asked++;
      return credentials;
    };
    await transportTo(url, { credentials: provide }).warm();
    expect(asked).toBe(1);
  });

  it.each([307, 403, 404, 500])('is content with an answer of %i', async (status) => {
    const { url, requests } = await serveHttp(() => ({ status, body: 'what?' }));
    await transportTo(url).warm();
    expect(requests).toHaveLength(1);
  });

  it('opens another connection where the service has closed that one', async () => {
    const { url } = await serveHttp(({ number }) =>
      number === 1 ? { headers: { connection: 'close' } } : {},
    );
    const transport = transportTo(url);
    await transport.warm();
    expect(await transport.send(change)).toMatchObject({ status: 200 });
  });

  it('may be warmed again, and by several at once', async () => {
    const { url, sockets } = await serveHttp(() => ({}));
    const transport = transportTo(url);
    await Promise.all([transport.warm(), transport.warm()]);
    await transport.warm();
    expect(sockets.length).toBeLessThanOrEqual(2);
    expect(await transport.send(change)).toMatchObject({ status: 200, attempts: 1 });
  });

  it('says what is wrong, within its time budget', async () => {
    const nobody = transportTo(new URL(`http://127.0.0.1:${await freePort()}`));
    await expect(nobody.warm()).rejects.toMatchObject({ code: 'STORE_FAILED' });

    const { url } = await serveTcp(() => {});
    const hung = transportTo(url, { timeouts: { request: '50ms' } });
    await expect(hung.warm()).rejects.toMatchObject({ code: 'TIMEOUT' });

    const poor = transportTo(url, { credentials: () => Promise.reject(new Error('none')) });
    await expect(poor.warm()).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });

    const closed = transportTo(url);
    closed.close();
    await expect(closed.warm()).rejects.toMatchObject({
      message: expect.stringContaining('closed'),
    });
  });
});
