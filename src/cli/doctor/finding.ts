/**
 * - `ok`: as it should be
 * - `note`: nothing to do, or it could not be examined
 * - `warning`: it works, and could cost money, time or data
 * - `problem`: the cache does not work as it should
 */
export type Level = 'ok' | 'note' | 'warning' | 'problem';

export interface Finding {
  /** One or two words: what was examined. */
  readonly check: string;
  readonly level: Level;
  readonly text: string;
  /** The next step, for a warning or a problem. */
  readonly remedy?: string;
  /** The page of the documentation, below the package's folder. */
  readonly page?: Page;
}

/** The pages that findings lead to. A test follows each. */
export const PAGES = {
  table: 'docs/dynamodb.md#the-table',
  iam: 'docs/dynamodb.md#iam',
  limits: 'docs/dynamodb.md#limits',
  dax: 'docs/dax.md#rules',
  redis: 'docs/redis.md',
  s3: 'docs/s3.md#what-the-bucket-needs',
  failure: 'docs/failure.md',
  deploying: 'docs/deploying.md#what-every-tool-needs',
  troubleshooting: 'docs/troubleshooting.md',
} as const;
export type Page = (typeof PAGES)[keyof typeof PAGES];

export const ok = (check: string, text: string): Finding => ({ check, level: 'ok', text });
export const note = (check: string, text: string): Finding => ({ check, level: 'note', text });
export const warning = (check: string, text: string, remedy: string, page: Page): Finding => ({
  ...{ check, level: 'warning', text, remedy, page },
});
export const problem = (check: string, text: string, remedy: string, page: Page): Finding => ({
  ...{ check, level: 'problem', text, remedy, page },
});
