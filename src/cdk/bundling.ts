import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { isObject } from '../util/deep-freeze.js';
import { checkOf } from './given.js';

/** Gives packages in CommonJS, which are bundled along, the `require` that an ES module lacks. */
const BANNER =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);";

const check = /* @__PURE__ */ checkOf('esmBundling');

/**
 * Settings for `NodejsFunction`, which bundles to CommonJS by default: a minified ES module with a source map, and with
 * a `require` for packages in CommonJS. CDK takes the target from the function's runtime.
 *
 * @param options settings that replace or complete these; your banner comes after the one here.
 * @throws CacheError `INVALID_OPTION` that names the option.
 *
 * @example
 * ```ts
 * import { App, Stack } from 'aws-cdk-lib';
 * import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
 * import { esmBundling } from '@glasswork/cache/cdk';
 *
 * const stack = new Stack(new App(), 'Shop');
 * new NodejsFunction(stack, 'Items', { entry: 'handler.ts', bundling: esmBundling() });
 * ```
 */
export function esmBundling(options: BundlingOptions = {}): BundlingOptions {
  check('options', options, isObject(options), 'an object');
  const { banner = '', ...others } = options;
  check('banner', banner, typeof banner === 'string', 'a text');
  return {
    ...{ format: OutputFormat.ESM, minify: true, sourceMap: true, sourcesContent: false },
    ...others,
    banner: `${BANNER}${banner && `\n${banner}`}`,
  };
}
