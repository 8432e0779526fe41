import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { after, findItem } from './items.js';

/**
 * The same item from a function URL, streamed: the body has left before the sandbox waits for any refresh. A test event
 * of the Lambda console has no path: it reads item 1.
 */
export const handler = after.handler(
  awslambda.streamifyResponse<Partial<APIGatewayProxyEventV2>>(async (event, stream) => {
    const id = event.rawPath?.slice(1) || '1';
    stream.setContentType('application/json');
    stream.end(JSON.stringify(await findItem(id)));
  }),
);
