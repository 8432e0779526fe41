import { describe, inject } from 'vitest';

/** What the global set-up found. */
export type ServerState =
  | { readonly state: 'running'; readonly endpoint: string }
  | { readonly state: 'missing'; readonly reason: string }
  | { readonly state: 'not needed' };

declare module 'vitest' {
  interface ProvidedContext {
    dynamoDBLocal: ServerState;
  }
}

/**
 * A suite that runs on DynamoDB Local. Where the machine cannot run it, the suite is skipped and its title says why;
 * the set-up has already failed the run in CI. All test files share the server: create a table of your own.
 */
export function describeWithDynamoDBLocal(title: string, suite: (endpoint: string) => void): void {
  const server = inject('dynamoDBLocal');
  switch (server.state) {
    case 'running':
      return void describe(title, () => suite(server.endpoint));
    case 'missing':
      return void describe.skip(`${title} (skipped: ${server.reason})`, () =>
        suite('http://not-running.invalid'));
    default:
      throw new Error(
        `"${title}" needs DynamoDB Local, which was not started: test/servers/needed.ts follows only plain relative imports`,
      );
  }
}
