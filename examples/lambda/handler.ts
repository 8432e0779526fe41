import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { after, findItem, renameItem } from './items.js';

/**
 * GET /items/{id}, and PUT /items/{id} with the new name as its body. A test event of the Lambda console has neither
 * path nor method: it reads item 1.
 */
export const handler = after.handler(
  async (event: Partial<APIGatewayProxyEventV2>): Promise<APIGatewayProxyStructuredResultV2> => {
    const id = event.pathParameters?.id ?? '1';
    if (event.requestContext?.http.method === 'PUT') {
      // API Gateway encodes every body that is neither text nor JSON by its content type.
      const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      await renameItem(id, body.toString());
      return { statusCode: 204 };
    }
    return {
      statusCode: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(await findItem(id)),
    };
  },
);
