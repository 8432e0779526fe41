import { describe, inject, type ProvidedContext } from 'vitest';
import { MissingServerError } from './missing.js';

/** The global set-up's finding; a suite needs `address` to reach the server. */
export type ServerState<Address = string> =
  | { readonly state: 'running'; readonly address: Address }
  | { readonly state: 'missing'; readonly reason: string }
  | { readonly state: 'not needed' };

type AddressOf<Name extends keyof ProvidedContext> = Extract<
  ProvidedContext[Name],
  { state: 'running' }
>['address'];

/**
 * A suite that runs on a server which all test files share. Where the machine cannot run it, the suite is skipped and
 * its title says why; the set-up has already failed the run in CI.
 */
export function describeOn<Name extends keyof ProvidedContext>(
  name: Name,
  title: string,
  nowhere: AddressOf<Name>,
  suite: (address: AddressOf<Name>) => void,
): void {
  const server: ServerState<AddressOf<Name>> = inject(name);
  switch (server.state) {
    case 'running':
      return void describe(title, () => suite(server.address));
    case 'missing':
      return void describe.skip(`${title} (skipped: ${server.reason})`, () => suite(nowhere));
    default:
      throw new Error(
        `"${title}" needs ${name}, which was not started: test/servers/needed.ts follows only plain relative imports`,
      );
  }
}

/** A server that the set-up starts, as it went. */
export interface SharedServer<Address> {
  readonly state: ServerState<Address>;
  /** For the list of what the run is made of. */
  readonly description: string;
  stop(): Promise<void>;
}

/** A machine without the server may run the other tests; a run in CI may not pass without it. */
export async function startShared<Server extends { stop(): Promise<void> }, Address>(
  needed: boolean,
  start: () => Promise<Server>,
  address: (server: Server) => Address,
  describeServer: (server: Server) => string | Promise<string>,
): Promise<SharedServer<Address>> {
  const nothing = async () => {};
  if (!needed) {
    const description = 'not needed by these test files';
    return { state: { state: 'not needed' }, description, stop: nothing };
  }
  try {
    const server = await start();
    return {
      state: { state: 'running', address: address(server) },
      description: await describeServer(server),
      stop: () => server.stop(),
    };
  } catch (error) {
    if (!(error instanceof MissingServerError) || process.env.CI) throw error;
    return {
      state: { state: 'missing', reason: error.message },
      description: `MISSING, so its suites are SKIPPED: ${error.message}`,
      stop: nothing,
    };
  }
}
