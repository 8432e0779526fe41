import { handle } from 'hono/aws-lambda';
import { after, app } from './hono-app.js';

export const handler = after.handler(handle(app));
