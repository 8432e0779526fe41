import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/run.js';

// Names in the text of the pages, `likeThis`, are names of the code: a renamed option, event or metric shows here.

/** Names of others: of Lambda, AWS's errors, clients and test runners. */
const FOREIGN = new Set([
  ...['TooManyExtensions', 'PostRuntimeExtensionsDuration', 'callbackWaitsForEmptyEventLoop'],
  ...['streamHandle', 'executionCtx', 'fromTemporaryCredentials', 'ConnectionType'],
  ...['commandOptions', 'queueMicrotask', 'setSystemTime', 'NoRouteException'],
  ...['ExpiredTokenException', 'UnrecognizedClientException', 'InvalidSignatureException'],
  'ProvisionedThroughputExceededException',
]);
/** They are about the names of others, and have tests of their own. */
const ABOUT_OTHERS = ['docs/migration.md', 'docs/comparison.md'];

const filesIn = (folder: string, kind: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => kind.test(name))
    .map((name) => `${folder}/${name}`);
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const code = ['src', 'infrastructure', 'examples'].flatMap((folder) =>
  filesIn(folder, /\.(ts|yaml|json)$/),
);
const known = new Set(code.flatMap((file) => read(file).match(/\w+/g) ?? []));
const withoutBlocks = (text: string) => text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
/** `staleTTL` and `StoreErrors`, and no single word: that is language, too. */
const namesOf = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].flatMap(
    ([, inline = '']) => inline.match(/\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b/g) ?? [],
  );

const pages = ['README.md', ...filesIn('docs', /\.md$/)].filter(
  (page) => !ABOUT_OTHERS.includes(page),
);

describe('the names in the text', () => {
  it.each(pages)('of %s are names of the code', (page) => {
    const text = read(page);
    // Its own examples have names, too.
    const own = new Set((text.match(/^ *```[\s\S]*?^ *```$/gm) ?? []).join('\n').match(/\w+/g));
    const unknown = namesOf(text).filter(
      (name) => !known.has(name) && !own.has(name) && !FOREIGN.has(name),
    );
    expect(unknown).toEqual([]);
  });

  it('are found, and those of others are still in use', () => {
    const named = new Set(pages.flatMap((page) => namesOf(read(page))));
    expect(named.size).toBeGreaterThan(200);
    expect([...FOREIGN].filter((name) => !named.has(name) || known.has(name))).toEqual([]);
    expect(namesOf('`staleTtl` `a` ```ts\n')).toEqual(['staleTtl']);
  });
});

describe('a table on a page', () => {
  const blocks = pages.flatMap((page) =>
    [...read(page).matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, block = '']) => [page, block]),
  );
  it.each([
    ['of SAM and CloudFormation', /AttributeName: "?(\w+)/g],
    ['of Terraform', /(?:hash_key|attribute_name) *= "(\w+)"/g],
    ['of CDK', /(?:partitionKey: \{ name: |timeToLiveAttribute: )'(\w+)'/g],
    ['of the AWS CLI', /AttributeName=(\w+)/g],
  ])('%s has the attributes that the store uses', (_, attribute) => {
    const wrong = blocks.flatMap(([page = '', block = '']) =>
      [...block.matchAll(attribute)]
        .filter(([, name = '']) => !['pk', 'expiresAt'].includes(name))
        .map(([text]) => `${page}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });
});
