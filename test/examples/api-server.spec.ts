import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stops: (() => void)[] = [];

/** As `npm run api` does, with nothing of AWS in the environment. */
function startAPI(port: number) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/api/server.ts'], {
    cwd: root,
    env: { PATH, HOME, PORT: String(port) },
  });
  stops.push(() => child.kill('SIGKILL'));
  let output = '';
  const collect = (data: Buffer) => {
    output += data;
    child.emit('output');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'close').then(([code]) => ({ code, output }));
  return {
    child,
    ended,
    /** Waits for a part of the output. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(output);
        if (match) return match;
        const over = await Promise.race([ended, once(child, 'output').then(() => undefined)]);
        if (over && !pattern.test(output)) throw new Error(`It ended with: ${output}`);
      }
    },
  };
}

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

describe('the example API on its embedded DynamoDB', () => {
  it('says for each request where its answer came from, and after how long', async () => {
    const api = startAPI(0);
    const [, port] = await api.says(/http:\/\/localhost:(\d+)\/items\/1/);
    const url = `http://127.0.0.1:${port}`;
    const source = async (path: string, init?: RequestInit) => {
      const response = await fetch(url + path, init);
      await response.arrayBuffer();
      return [response.status, response.headers.get('x-cache')];
    };
    expect(await source('/items/1')).toEqual([200, 'miss']);
    expect(await source('/items/1')).toEqual([200, 'hit']);
    expect(await source('/items/1', { method: 'PUT', body: '{"price":3}' })).toEqual([204, null]);
    expect(await source('/items/1')).toEqual([200, 'miss']);
    // At once, and each request has its own answer.
    const many = await Promise.all(
      ['/items/1', '/items/2', '/items/1'].map((path) => source(path)),
    );
    expect(many.map(([, from]) => from)).toEqual(['hit', 'miss', 'hit']);
    await api.says(/GET \/items\/1 {2}200 {2}miss {2}\d+\.\d ms/);
    await api.says(/GET \/items\/1 {2}200 {2}hit {2}\d+\.\d ms/);
    await api.says(/PUT \/items\/1 {2}204 {2}- {2}\d+\.\d ms/);

    api.child.kill('SIGINT');
    const { code, output } = await api.ended;
    expect(code, output).toBe(0);
    expect(output).toContain('embedded DynamoDB');
    expect(output).not.toMatch(/\n +at /);
  });

  it('says which variable to set when its port is in use', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const { code, output } = await startAPI(port).ended;
    other.close();
    expect(code).toBe(1);
    expect(output).toBe(`Port ${port} is in use: set PORT to another one.\n`);
  });
});
