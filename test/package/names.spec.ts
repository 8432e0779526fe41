import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, it } from 'vitest';
import { isNode, type Node } from './import-graph.js';

const test = fileURLToPath(new URL('..', import.meta.url));

/** Names of the examples of the plan, which users write like this. */
const AS_PLANNED = 'examples/plan.spec.ts';

/** A name that does not say what happens. */
const SAYS_NOTHING = /^(works|should|tests?|ok|case|correctly|is (fine|ok|right))\b/i;

const names = readdirSync(test, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.spec.ts') && path !== AS_PLANNED)
  .flatMap((path) =>
    namesOfTests(readFileSync(join(test, path), 'utf8')).map((name) => ({ path, name })),
  );

describe('the names of tests', () => {
  it('say what happens', () => {
    expect(names.length).toBeGreaterThan(1_500);
    expect(names.filter(({ name }) => SAYS_NOTHING.test(name))).toEqual([]);
  });

  it('are sentences, of two words or more unless a table fills them in', () => {
    const short = names.filter(({ name }) => !/[%$]/.test(name) && !/\S \S/.test(name));
    expect(short).toEqual([]);
  });

  it('begin with a small letter, because "it" stands before them, or with a name', () => {
    const isName = /^(`|[A-Z][a-z]+[A-Z]|[A-Z]{2,}|(Node|Redis|DynamoDB|Lambda|Keyv)\b)/;
    const large = names.filter(({ name }) => /^[A-Z]/.test(name) && !isName.test(name));
    expect(large).toEqual([]);
  });

  it('are found in every form of a test', () => {
    const source = `it('a b', f); it.each([1])('c %s', f); it.skipIf(x)('d e', f); test('f', g); it(\`g \${h}\`, f);`;
    expect(namesOfTests(source)).toEqual(['a b', 'c %s', 'd e', 'g $']);
  });
});

/** The first arguments of `it(…)`, `it.each(…)(…)` and the like. A part that is filled in becomes `$`. */
function namesOfTests(source: string): string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (node.type === 'CallExpression' && isTest(node.callee)) {
      const name = textOf(Array.isArray(node.arguments) ? node.arguments[0] : undefined);
      if (name !== undefined) found.push(name);
    }
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
  };
  const program: unknown = parseAst(source, { lang: 'ts' });
  if (isNode(program)) visit(program);
  return found;
}

/** True for `it`, and for what `it.each(…)` and its like return. */
function isTest(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'CallExpression') return isTest(callee.callee) && isMember(callee.callee);
  if (callee.type === 'MemberExpression') return isTest(callee.object);
  return callee.type === 'Identifier' && callee.name === 'it';
}

function isMember(node: unknown): boolean {
  return isNode(node) && node.type === 'MemberExpression';
}

function textOf(argument: unknown): string | undefined {
  if (!isNode(argument)) return undefined;
  if (argument.type === 'Literal') return String(argument.value);
  if (argument.type !== 'TemplateLiteral' || !Array.isArray(argument.quasis)) return undefined;
  return argument.quasis.map((part) => String(Object(Object(part).value).cooked)).join('$');
}
