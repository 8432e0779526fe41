import { describeOn, type ServerState } from './server-state.js';

declare module 'vitest' {
  interface ProvidedContext {
    dynamoDBLocal: ServerState;
  }
}

/** A suite on the DynamoDB Local that all test files share: create a table of your own. */
export function describeWithDynamoDBLocal(title: string, suite: (endpoint: string) => void): void {
  describeOn('dynamoDBLocal', title, 'http://not-running.invalid', suite);
}
