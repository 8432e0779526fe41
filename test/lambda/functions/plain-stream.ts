import { setTimeout as sleep } from 'node:timers/promises';

/** Two chunks, or one and an error in the trailers. */
export const handler = awslambda.streamifyResponse<{ fail?: boolean }>(async (event, stream) => {
  stream.write('one,');
  await sleep(50);
  if (event.fail) throw new RangeError('as asked');
  stream.end('two');
});
