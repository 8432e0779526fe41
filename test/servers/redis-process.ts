import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { redisProblem } from '../../scripts/redis.js';
import { MissingServerError } from './missing.js';
import { until } from './until.js';

const startTimeoutMs = 30_000;
const host = '127.0.0.1';

export interface RedisProcessOptions {
  /** Lines of its configuration file; `(port) => …` where they name its own port. */
  readonly config?: readonly (string | ((port: number) => string))[];
  readonly password?: string;
  /** A Sentinel watches other servers and holds no data. */
  readonly sentinel?: boolean;
}

/**
 * A Redis server of its own: on a free loopback port that it keeps when it is restarted, in a temporary folder,
 * writing nothing by itself. It ends with `stop`, or with this process, however that goes.
 */
export class RedisProcess {
  readonly host = host;
  readonly port: number;
  readonly #folder: string;
  readonly #options: RedisProcessOptions;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, folder: string, options: RedisProcessOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /** Throws `MissingServerError` where Redis is not installed. */
  static async start(options: RedisProcessOptions = {}): Promise<RedisProcess> {
    const problem = redisProblem();
    if (problem !== undefined) throw new MissingServerError(problem);
    const { port, folder } = await reservePort();
    const server = new RedisProcess(port, folder, options);
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    const { password } = this.#options;
    return `redis://${password === undefined ? '' : `:${password}@`}${host}:${this.port}`;
  }

  /** Starts it again after `kill`, and waits until it serves. What it held is gone, unless it was saved. */
  async start(): Promise<void> {
    const { config = [], password, sentinel = false } = this.#options;
    const lines = [
      `port ${this.port}`,
      `bind ${host}`,
      `dir ${this.#folder}`,
      ...(sentinel ? [] : ['save ""', 'repl-diskless-sync-delay 0']),
      ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
      ...config.map((line) => (typeof line === 'string' ? line : line(this.port))),
    ];
    const file = join(this.#folder, 'redis.conf');
    await writeFile(file, `${lines.join('\n')}\n`);
    const args = sentinel ? [file, '--sentinel'] : [file];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    this.#log = '';
    child.stdout?.on('data', (data) => {
      this.#log = `${this.#log}${data}`.slice(-4_000);
    });
    await once(child, 'spawn');
    this.#guard = guard(child, this.#folder);
    const pong = async () => {
      if (isOver(child)) throw new Error(`Redis ended at its start.\n${this.#log}`);
      return (await this.call('PING').catch(() => undefined)) === 'PONG';
    };
    await until(pong, `Redis to answer on port ${this.port}`, startTimeoutMs);
  }

  /** Ends it at once, as a machine that fails; `start` brings it back. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child && !isOver(child)) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    this.#guard?.stdin?.end('\n');
    this.#guard = undefined;
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** From now on its connections stay open and nothing is answered. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** The reply to one command, over a connection of its own, which a faulty client has no part in. */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    const { password } = this.#options;
    const client = new Redis({
      ...{ host, port: this.port, connectTimeout: 2_000, commandTimeout: 5_000 },
      ...(password === undefined ? {} : { password }),
      ...{ lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null },
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  configure(name: string, value: string | number): Promise<unknown> {
    return this.call('CONFIG', 'SET', name, value);
  }

  /** One field of `INFO`, or of `CLUSTER INFO`; undefined while the server does not say, as in the middle of a failover. */
  async field(
    name: string,
    command: readonly [string, ...string[]] = ['INFO'],
  ): Promise<string | undefined> {
    const answer = await this.call(...command).catch(() => '');
    const lines = String(answer).split('\r\n');
    return lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
  }
}

const isOver = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

/** Redis outlives its parent. A shell does not mind waiting for ours to end, which closes its standard input. */
function guard(child: ChildProcess, folder: string): ChildProcess {
  const script = 'read line || { kill -KILL "$0"; rm -rf "$1"; }';
  return spawn('sh', ['-c', script, String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}

/**
 * Redis cannot choose a port itself. This one is below those that the system gives to outgoing connections, so that it
 * is still free after a restart; and so is the one of the cluster's bus, which is 10000 above, where no server's own port
 * is. The folder is named after the port, so that the process that makes it owns the port until the server ends for good: two
 * servers that start in the same moment would both find the port free, and one of them would then speak to the other.
 */
async function reservePort(): Promise<{ readonly port: number; readonly folder: string }> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    const folder = join(tmpdir(), `redis-${port}`);
    if (!(await isMade(folder))) continue;
    if ((await isFree(port)) && (await isFree(port + 10_000))) return { port, folder };
    await rm(folder, { recursive: true, force: true });
  }
}

async function isMade(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, host);
  const free = await listening;
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}
