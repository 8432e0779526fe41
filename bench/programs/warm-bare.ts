import { answerParent, type Cost, costOf } from './answer.js';
import { getItem } from './bare-dynamodb.js';

const tableName = process.env.TABLE ?? '';

const get = async (key: string): Promise<unknown> =>
  JSON.parse(await getItem(tableName, `bench:${key}`));

const calls = {
  plainHits: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => get(key)),
};
export type WarmBareCalls = typeof calls;

answerParent(calls);
