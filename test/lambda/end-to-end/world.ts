import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CacheService, DynamoDBCacheStore } from '@glasswork/cache';
import { type Dynalite, startDynalite } from '../../servers/dynalite.js';
import { createCacheTable, credentials, region } from '../../servers/table.js';
import { type Bundles, bundleFunctions, type Format } from '../bundle.js';
import { LambdaFunction } from '../emulator/lambda-function.js';
import type { FunctionOptions } from '../emulator/options.js';
import type { Runtime } from '../emulator/runtimes.js';
import { Origin } from './origin.js';
import { StoreProxy } from './store-proxy.js';

const clockScript = fileURLToPath(new URL('../functions/moved-clock.cjs', import.meta.url));

export interface StartOptions extends Partial<FunctionOptions> {
  readonly format?: Format;
  /** The function's wall clock follows `world.moveClock`. */
  readonly withClock?: boolean;
}

/** All that surrounds a function with a cache: its table behind a proxy, its origin, and its clock. */
export class World {
  readonly proxy: StoreProxy;
  readonly origin: Origin;
  readonly #bundles: Bundles;
  readonly #dynalite: Dynalite;
  readonly #tableName: string;
  readonly #reader: CacheService;
  readonly #clockFolder: string;
  readonly #functions: LambdaFunction[] = [];
  #offsetMs = 0;

  private constructor(parts: {
    bundles: Bundles;
    dynalite: Dynalite;
    proxy: StoreProxy;
    origin: Origin;
    tableName: string;
    clockFolder: string;
  }) {
    this.proxy = parts.proxy;
    this.origin = parts.origin;
    this.#bundles = parts.bundles;
    this.#dynalite = parts.dynalite;
    this.#tableName = parts.tableName;
    this.#clockFolder = parts.clockFolder;
    const store = new DynamoDBCacheStore({
      tableName: parts.tableName,
      endpoint: parts.dynalite.endpoint,
      region,
      credentials: async () => credentials,
      timeouts: { connect: '1m', request: '1m', total: '1m' },
    });
    this.#reader = new CacheService(store, { keyPrefix: 'functions' });
    this.proxy.now = this.now;
  }

  static async start(
    names: readonly string[],
    formats?: readonly Format[],
    from?: string,
  ): Promise<World> {
    const dynalite = await startDynalite();
    const tableName = await createCacheTable(dynalite.endpoint);
    const clockFolder = await mkdtemp(join(tmpdir(), 'clock-'));
    await writeFile(join(clockFolder, 'offset'), '0');
    return new World({
      bundles: await bundleFunctions(names, formats, from),
      dynalite,
      tableName,
      clockFolder,
      proxy: await StoreProxy.start(dynalite.endpoint),
      origin: await Origin.start(),
    });
  }

  readonly now = (): number => Date.now() + this.#offsetMs;

  get tableName(): string {
    return this.#tableName;
  }

  /** The table's own endpoint, without the proxy. */
  get tableEndpoint(): string {
    return this.#dynalite.endpoint;
  }

  /** Moves the wall clock of everything, the frozen included. */
  async moveClock(ms: number): Promise<void> {
    this.#offsetMs += ms;
    await writeFile(join(this.#clockFolder, 'offset'), String(this.#offsetMs));
  }

  start(runtime: Runtime, name: string, options: StartOptions = {}): LambdaFunction {
    const { format = 'esm', withClock = false, env, ...others } = options;
    const lambda = new LambdaFunction({
      runtime,
      folder: this.#bundles.folder(format),
      handler: `${name}.handler`,
      now: this.now,
      // Not a limit of any test, unless it says so: a busy machine takes its time.
      timeoutMs: 300_000,
      ...(withClock && { nodeOptions: ['--require', clockScript] }),
      env: {
        TABLE: this.#tableName,
        ENDPOINT: this.proxy.endpoint,
        ORIGIN: this.origin.url,
        CLOCK: join(this.#clockFolder, 'offset'),
        ...env,
      },
      ...others,
    });
    this.#functions.push(lambda);
    return lambda;
  }

  /** The table's value for a key of the functions, stale or not. */
  async stored(key: string): Promise<unknown> {
    return (await this.#reader.getEntry(key))?.value;
  }

  /** Between tests: the functions end, and everything answers again. */
  async reset(): Promise<void> {
    await Promise.all(this.#functions.splice(0).map((lambda) => lambda.stop()));
    this.origin.hold()();
    this.origin.isDown = false;
    this.proxy.close()();
    await this.moveClock(-this.#offsetMs);
  }

  async stop(): Promise<void> {
    await this.reset();
    await this.#reader.close();
    await Promise.all([this.proxy.stop(), this.origin.stop()]);
    await this.#dynalite.stop();
    await this.#bundles.remove();
    await rm(this.#clockFolder, { recursive: true, force: true });
  }
}
