/** An attribute value in DynamoDB's own form; `B` holds bytes here, however they travel. */
export type AttributeValue = { S: string } | { N: string } | { B: Uint8Array };
export type Item = Readonly<Record<string, AttributeValue>>;

export type Operation = 'GetItem' | 'BatchGetItem' | 'UpdateItem' | 'DeleteItem' | 'Scan';

/** Requests in the service's own terms: the same for every way there. */
export interface Request {
  readonly TableName?: string;
  readonly Key?: Item;
  readonly ConsistentRead?: boolean;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys: readonly Item[]; readonly ConsistentRead?: boolean }>
  >;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD';
  readonly ReturnConsumedCapacity?: 'TOTAL';
  readonly ExclusiveStartKey?: Item;
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
  /**
   * @throws CacheError.
   */
  send(
    operation: Operation,
    request: Request,
    retry: 'always' | 'unsent',
  ): Promise<Response | ConditionFailed>;
  close(): void;
}
