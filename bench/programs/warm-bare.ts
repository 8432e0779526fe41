import { answerParent, type Cost, costOf } from './answer.js';
import { batchGet, getItem } from './bare-dynamodb.js';

const tableName = process.env.TABLE ?? '';

const get = async (key: string): Promise<unknown> =>
  JSON.parse(await getItem(tableName, `bench:${key}`));

const calls = {
  plainHits: ({ key, calls }: { key: string; calls: number }): Promise<Cost> =>
    costOf(calls, () => get(key)),

  /** All keys in one request, whose answer nobody reads. */
  bursts: ({ keys, calls }: { keys: string[]; calls: number }): Promise<Cost> =>
    costOf(calls, async () => {
      const answer = await batchGet(
        tableName,
        keys.map((key) => `bench:${key}`),
      );
      if (!answer.includes(`bench:${keys[0]}`)) throw new Error('a miss, where hits are measured');
    }),
};
export type WarmBareCalls = typeof calls;

answerParent(calls);
