/** An item as a document client shows it: plain text, numbers and bytes. */
export type Item = Readonly<Record<string, unknown>>;

/** The operations that a store needs, by their names in `DynamoDBDocument` and `DaxDocument`. */
export type Operation = 'get' | 'batchGet' | 'update' | 'delete' | 'scan';

/** What of a request holds items; the rest is as the service wants it. */
export interface Request {
  readonly Key?: Item;
  readonly ExpressionAttributeValues?: Item;
  readonly ExclusiveStartKey?: Item;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys: readonly Item[]; readonly ConsistentRead: boolean }>
  >;
  readonly [part: string]: unknown;
}

export interface Response {
  readonly Item?: Item | undefined;
  readonly Responses?: Readonly<Record<string, readonly Item[]>> | undefined;
  readonly UnprocessedKeys?:
    | Readonly<Record<string, { readonly Keys?: readonly Item[] | undefined }>>
    | undefined;
  readonly Items?: readonly Item[] | undefined;
  readonly LastEvaluatedKey?: Item | undefined;
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number | undefined } | undefined;
}

/** Where a request was to go, as far as it is known. */
export interface Place {
  readonly table: string;
  readonly region?: string | undefined;
  /** The origin, where it is not AWS's own for the region. */
  readonly endpoint?: string | undefined;
}

/** A condition of a write, with the values of its `:names`. */
export interface Condition {
  readonly expression: string;
  readonly values: Item;
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
  /** For messages, as far as it is known. */
  readonly place: Place;
  /** @throws CacheError. */
  send(
    operation: Operation,
    request: Request,
    retry: 'always' | 'unsent',
    /** Asked right before each try: once it is true, the request must not be sent any more. */
    isLate?: () => boolean,
  ): Promise<Response & Partial<ConditionFailed>>;
  /** Gets ready for the first request. */
  warm(): Promise<void>;
  close(): void;
}
