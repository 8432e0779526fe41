import type { Callback, Context } from 'aws-lambda';
import { type CachedAnswer, type CachedEvent, read, register } from './cache.js';

const after = await register();

/** For Node 20 alone: later runtimes refuse a handler with three parameters. */
export const handler = after.handler(
  (event: CachedEvent, context: Context, callback: Callback<CachedAnswer>): void => {
    // Else the runtime holds the answer back until nothing runs any more, a refresh included.
    context.callbackWaitsForEmptyEventLoop = false;
    read(after, event).then((answer) => callback(null, answer), callback);
  },
);
