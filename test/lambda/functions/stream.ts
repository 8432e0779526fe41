import { type CachedEvent, read, register } from './cache.js';

const after = await register();

export const handler = after.handler(
  awslambda.streamifyResponse<CachedEvent>(async (event, stream) => {
    stream.write(JSON.stringify(await read(after, event)));
    stream.end();
  }),
);
