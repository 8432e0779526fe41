import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

const { ENDPOINT: endpoint = '', BUCKET: Bucket = '' } = process.env;
const client = new S3Client({ endpoint, forcePathStyle: true });

export async function handler(): Promise<unknown> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'cache/v/bench:item:0' }));
  // The value is the last line of the object.
  const lines = (await Body?.transformToString())?.split('\n') ?? [];
  return JSON.parse(lines.at(-1) ?? '');
}
