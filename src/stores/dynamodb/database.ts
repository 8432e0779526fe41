/** An item as a document client shows it: plain text, numbers and bytes. */
export type Item = Readonly<Record<string, unknown>>;

/** The operations that a store needs, by their names in `DynamoDBDocument` and `DaxDocument`. */
export type Operation = 'batchGet' | 'update' | 'delete' | 'scan';

export interface Response {
  readonly Responses?: Readonly<Record<string, readonly Item[]>> | undefined;
  readonly UnprocessedKeys?:
    | Readonly<Record<string, { readonly Keys?: readonly Item[] | undefined }>>
    | undefined;
  readonly Items?: readonly Item[] | undefined;
  readonly LastEvaluatedKey?: Item | undefined;
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number | undefined } | undefined;
}

/** A condition that did not hold. */
export interface ConditionFailed {
  readonly conditionFailed: true;
  /** The item as it is, where the service says. */
  readonly item: Item | undefined;
  /** How often the request was sent: after a second time the condition may have failed because of the first. */
  readonly attempts: number;
}

/** A way to DynamoDB: the lean transport, or a client of the user's. */
export interface Database {
  /** @throws CacheError. */
  send(
    operation: Operation,
    request: object,
    retry: 'always' | 'unsent',
  ): Promise<Response & Partial<ConditionFailed>>;
  close(): void;
}
