import { parseAst } from 'rolldown/parseAst';

/** One change of one condition: the text between `start` and `end` becomes `replacement`. */
export interface Break {
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly original: string;
  readonly replacement: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

const OTHER_COMPARISON: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
};

/** Every way to break a condition of the file: a clause dropped, a comparison moved, a branch or a call left out. */
export function breaksOf(file: string, source: string): Break[] {
  const found: Break[] = [];
  const text = (node: Node) => source.slice(node.start, node.end);
  const add = (node: Node, replacement: string) => {
    const line = source.slice(0, node.start).split('\n').length;
    const { start, end } = node;
    found.push({ file, line, start, end, original: text(node), replacement });
  };

  const visit = (node: Node): void => {
    // Types decide nothing at run time.
    if (node.type.startsWith('TS') && !EXPRESSIONS.has(node.type)) return;
    const part = (name: string) => node[name] as Node;
    switch (node.type) {
      case 'LogicalExpression':
        if (node.operator === '??') break;
        add(node, `(${text(part('left'))})`);
        add(node, `(${text(part('right'))})`);
        break;
      case 'BinaryExpression': {
        const operator = OTHER_COMPARISON[String(node.operator)];
        // `typeof` narrows types: the compiler notices.
        if (operator === undefined || text(node).includes('typeof ')) break;
        add(node, `((${text(part('left'))}) ${operator} (${text(part('right'))}))`);
        break;
      }
      case 'IfStatement':
        add(part('test'), `(${text(part('test'))}) && false`);
        break;
      case 'ConditionalExpression':
        add(node, `(${text(part('consequent'))})`);
        add(node, `(${text(part('alternate'))})`);
        break;
      case 'UnaryExpression':
        if (node.operator === '!') add(node, `(${text(part('argument'))})`);
        break;
      case 'ExpressionStatement':
        // A call whose result nobody uses has an effect, or nothing.
        if (/^(Call|Await|Unary)Expression$/.test(part('expression').type)) add(node, ';');
        break;
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
    }
  };

  const program: unknown = parseAst(source, { lang: 'ts' }, file);
  if (isNode(program)) visit(program);
  return found;
}

const EXPRESSIONS: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
]);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}
