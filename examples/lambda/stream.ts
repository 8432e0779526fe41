import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { after, findItem } from './items.js';

/** The same item from a function URL, streamed: the body has left before the sandbox waits for any refresh. */
export const handler = after.handler(
  awslambda.streamifyResponse<APIGatewayProxyEventV2>(async (event, stream) => {
    stream.setContentType('application/json');
    stream.end(JSON.stringify(await findItem(event.rawPath.slice(1))));
  }),
);
