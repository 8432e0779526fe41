import type { Place as AwsPlace } from '../aws/place.js';

/** An item as a document client shows it: plain text, numbers and bytes. */
export type Item = Readonly<Record<string, unknown>>;

/** The operations that a store needs, by their names in `DynamoDBDocument` and `DaxDocument`. */
export type Operation = 'get' | 'batchGet' | 'update' | 'delete' | 'scan';

/** The parts of a request that hold items are typed; the others go to the service as they are. */
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

/** The destination of a request, as far as it is known. */
export interface Place extends AwsPlace {
  readonly table: string;
}

/** A condition of a write, with the values of its `:names`. */
export interface Condition {
  readonly expression: string;
  readonly values: Item;
}

/** A condition that did not hold. */
export interface ConditionFailed {
  readonly conditionFailed: true;
  /** The current item, if the service returned it. */
  readonly item: Item | undefined;
  /** How often the request was sent. If more than once, an earlier try may itself have made the condition fail. */
  readonly attempts: number;
}

/** DynamoDB, through the lean transport or the user's own client. */
export interface Database {
  /** For messages, as far as it is known. */
  readonly place: Place;
  /** @throws CacheError. */
  send(
    operation: Operation,
    request: Request,
    retry: 'always' | 'unsent',
    /** Checked right before each try. Once it returns true, the request must not be sent. */
    isLate?: () => boolean,
  ): Promise<Response & Partial<ConditionFailed>>;
  /** Prepares the first request: connection and credentials. */
  warm(): Promise<void>;
  close(): void;
}
