import { randomBytes } from 'node:crypto';
import { vi } from 'vitest';
import { DISTRIBUTION, type Invalidation, startCloudFront } from '../servers/cloudfront.js';
import { startDynalite } from '../servers/dynalite.js';
import { credentials, type S3Endpoint, startS3Endpoint } from '../servers/s3-endpoint.js';
import { createCacheTable } from '../servers/table.js';
import { startWeb, type Web } from './web.js';

/** The tables and buckets that the pages name. */
const TABLES = ['cache', 'my-cache'];
const BUCKETS = ['my-cache-bucket'];

/** The blocks' servers on loopback, which they find through the variables of their environment. */
export interface World {
  readonly web: Web;
  readonly s3: S3Endpoint;
  /** Purges CloudFront accepted. */
  readonly purged: readonly Invalidation[];
  stop(): Promise<void>;
}

const randomKey = () => randomBytes(32).toString('base64');

export async function startWorld(redisUrl: string): Promise<World> {
  const [dynalite, cloudFront, s3, web] = await Promise.all([
    startDynalite(),
    startCloudFront(),
    startS3Endpoint(),
    startWeb(),
  ]);
  for (const table of TABLES) await createCacheTable(dynalite.endpoint, table);
  for (const bucket of BUCKETS) s3.createBucket(bucket, 'eu-central-1');
  const environment = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_CLOUDFRONT: cloudFront.endpoint,
    CACHE_TABLE: 'cache',
    CACHE_URL: redisUrl,
    CACHE_KEY: randomKey(),
    MARCH_KEY: randomKey(),
    APRIL_KEY: randomKey(),
    CACHE_NAME: 'shop',
    CACHE_USER: 'shop',
    PORT: '0',
    DISTRIBUTION_ID: DISTRIBUTION,
    FASTLY_SERVICE: 'service',
    FASTLY_TOKEN: 'token',
    CLOUDFLARE_ZONE: 'zone',
    CLOUDFLARE_TOKEN: 'token',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return {
    web,
    s3,
    purged: cloudFront.accepted,
    async stop() {
      vi.unstubAllEnvs();
      await Promise.all([dynalite.stop(), cloudFront.stop(), s3.stop(), web.stop()]);
    },
  };
}
