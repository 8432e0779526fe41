import type { Store } from '../blueprint.js';
import { dax } from './dax.js';
import { dynamodb } from './dynamodb.js';
import type { TerraformModel } from './model.js';
import { redis, serverless } from './redis.js';
import { s3 } from './s3.js';

export const TERRAFORM: Readonly<Record<Store, () => TerraformModel>> = {
  dynamodb,
  redis,
  'valkey-serverless': serverless,
  s3,
  dax,
};
