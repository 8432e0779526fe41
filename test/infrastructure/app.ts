import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { onTestFinished } from 'vitest';

/**
 * An app of AWS CDK that refuses misspelt properties. Its folder ends with the test: CDK itself would leave one in the
 * temporary folder for each app.
 */
export function newApp(): App {
  const outdir = mkdtempSync(join(tmpdir(), 'glasswork-cache-cdk-'));
  onTestFinished(() => rmSync(outdir, { recursive: true, force: true }));
  return new App({ outdir, context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
}
