import {
  type AwilixContainer,
  asClass,
  asFunction,
  asValue,
  createContainer,
  InjectionMode,
} from 'awilix';
import { Hono } from 'hono';

/** Glasswork's own shapes, as its documentation gives them: our module must be assignable to these. */
type Scope = 'SINGLETON' | 'SCOPED' | 'TRANSIENT';
// biome-ignore lint/suspicious/noExplicitAny: Glasswork's declaration, on which assignability depends
type Constructor = new (...args: any[]) => unknown;
export type ProviderConfig =
  | Constructor
  | { provide: string | Constructor; useClass: Constructor; scope?: Scope }
  | { provide: string; useValue: unknown }
  | {
      provide: string;
      // biome-ignore lint/suspicious/noExplicitAny: Glasswork's declaration, on which assignability depends
      useFactory: (dependencies: any) => unknown;
      inject?: string[];
      scope?: Scope;
    };
export interface ModuleConfig {
  name: string;
  basePath?: string;
  providers?: ProviderConfig[];
  imports?: ModuleConfig[];
  exports?: (Constructor | string)[];
  routes?: (router: Hono, services: Record<string, unknown>) => void;
}

export interface App {
  readonly app: Hono;
  readonly container: AwilixContainer<Record<string, unknown>>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Registers and runs modules as Glasswork 1.0 does: one strict PROXY container, hooks on all that is in it. */
export function bootstrap(root: ModuleConfig): App {
  const container = createContainer<Record<string, unknown>>({
    injectionMode: InjectionMode.PROXY,
    strict: true,
  });
  const modules = [...flatten(root).values()];
  for (const { providers = [] } of modules) {
    for (const provider of providers) register(container, provider);
  }
  const app = new Hono();
  for (const { routes, basePath } of modules) {
    if (!routes || basePath === undefined) continue;
    const router = new Hono();
    routes(router, container.cradle);
    app.route(`/api/${basePath}`, router);
  }
  return {
    app,
    container,
    start: () => callHooks(container, 'onModuleInit'),
    stop: () => callHooks(container, 'onModuleDestroy'),
  };
}

function flatten(module: ModuleConfig, found = new Map<string, ModuleConfig>()) {
  if (found.has(module.name)) return found;
  found.set(module.name, module);
  for (const imported of module.imports ?? []) flatten(imported, found);
  return found;
}

function register(container: AwilixContainer, provider: ProviderConfig): void {
  if (typeof provider === 'function') {
    container.register(nameOf(provider), asClass(provider).singleton());
  } else if ('useClass' in provider) {
    container.register(nameOf(provider.provide), asClass(provider.useClass).singleton());
  } else if ('useValue' in provider) {
    container.register(provider.provide, asValue(provider.useValue));
  } else {
    container.register(provider.provide, asFunction(provider.useFactory).singleton());
  }
}

const nameOf = (provide: string | Constructor): string =>
  typeof provide === 'string'
    ? provide
    : provide.name.charAt(0).toLowerCase() + provide.name.slice(1);

async function callHooks(
  container: App['container'],
  hook: 'onModuleInit' | 'onModuleDestroy',
): Promise<void> {
  const services = Object.keys(container.cradle).map((name) => container.cradle[name]);
  await Promise.all(
    services.map(async (service) => {
      const run = (service as Record<string, unknown> | null)?.[hook];
      if (typeof run === 'function') await run.call(service);
    }),
  );
}
