/** The embedded DynamoDB accepts any region and any credentials; these are what its clients use. */
export const LOCAL = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const;
