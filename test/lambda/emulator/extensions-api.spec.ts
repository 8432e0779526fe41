import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExtensionsApi } from './extensions-api.js';
import { type HttpServer, member, serve } from './http.js';

describe('The Extensions API', () => {
  let api: ExtensionsApi;
  let server: HttpServer;
  let wasParked: boolean;

  async function start(managed: boolean): Promise<void> {
    wasParked = false;
    const onParked = () => {
      wasParked = true;
    };
    api = new ExtensionsApi({ functionName: 'emulated', managed, onParked });
    api.registering = 'internal';
    server = await serve(api.routes);
  }
  beforeEach(() => start(false));
  afterEach(() => server.close());

  async function register(name: string, events: readonly string[] = ['INVOKE']) {
    const answer = await fetch(`http://${server.address}/2020-01-01/extension/register`, {
      method: 'POST',
      headers: { 'Lambda-Extension-Name': name },
      body: JSON.stringify({ events }),
    });
    const id = answer.headers.get('Lambda-Extension-Identifier');
    return { status: answer.status, id, error: member(await answer.json(), 'errorType') };
  }
  async function next(id: string) {
    const answer = await fetch(`http://${server.address}/2020-01-01/extension/event/next`, {
      headers: { 'Lambda-Extension-Identifier': id },
    });
    return { status: answer.status, body: await answer.json() };
  }

  it('tells INVOKE events to those that wait for them, and holds the others', async () => {
    const { status, id } = await register('one');
    expect(status).toBe(200);
    expect(api.areParked).toBe(false);
    const event = next(id ?? '');
    await expect.poll(() => wasParked).toBe(true);
    expect(api.areParked).toBe(true);
    api.deliver({ requestId: '7' });
    expect(await event).toEqual({ status: 200, body: { eventType: 'INVOKE', requestId: '7' } });
    expect(api.areParked).toBe(false);
  });

  it('lets an extension inside the function have no event but INVOKE', async () => {
    const { status, error } = await register('one', ['INVOKE', 'SHUTDOWN']);
    expect({ status, error }).toEqual({
      status: 403,
      error: 'Extension.InvalidEventType',
    });
  });

  it('lets it have none at all on Managed Instances', async () => {
    await server.close();
    await start(true);
    expect((await register('one')).error).toBe('Extension.InvalidEventType');
    expect((await register('one', [])).status).toBe(200);
  });

  it('lets extensions beside the function have both', async () => {
    api.registering = 'external';
    expect((await register('one', ['INVOKE', 'SHUTDOWN'])).status).toBe(200);
  });

  it('registers nobody once the runtime has asked for an event', async () => {
    api.registering = 'closed';
    const { status, error } = await register('one');
    expect({ status, error }).toEqual({
      status: 403,
      error: 'Extension.RegistrationClosed',
    });
  });

  it('takes ten, of one name each', async () => {
    for (let i = 0; i < 10; i++) expect((await register(`${i}`)).status).toBe(200);
    expect((await register('0')).error).toBe('Extension.InvalidExtensionState');
    expect((await register('10')).error).toBe('Extension.TooManyExtensions');
    expect(api.registrations).toHaveLength(12);
  });

  it('tells nothing to a stranger', async () => {
    const { status, body } = await next('nobody');
    expect({ status, error: member(body, 'errorType') }).toEqual({
      status: 403,
      error: 'Extension.UnknownExtensionIdentifier',
    });
  });
});
