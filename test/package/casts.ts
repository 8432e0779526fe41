import { parseAst } from 'rolldown/parseAst';
import { isNode, type Node } from './import-graph.js';

/** A place where the code overrules the compiler: `as T`, `<T>x`, `x!`, `x!: T` or `any`. */
export interface Cast {
  readonly line: number;
  readonly code: string;
}

/** The casts of a source file that no line comment explains, on their own line or on the one above. */
export function unexplainedCasts(path: string, source: string): Cast[] {
  const lines = source.split('\n');
  const found: Cast[] = [];
  const lineAt = (offset: number): number => source.slice(0, offset).split('\n').length;
  const isExplained = (line: number): boolean =>
    /^\s*([?:] )?\/\/ \S/.test(lines[line - 2] ?? '') || /\s\/\/ \S/.test(lines[line - 1] ?? '');
  const visit = (node: Node): void => {
    if (isCast(node, source)) {
      const places = [Number(node.start), Number(node.end)].map(lineAt);
      if (!places.some(isExplained))
        found.push({
          line: places[0] ?? 0,
          code: source.slice(Number(node.start), Number(node.end)),
        });
    }
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
  };
  const program: unknown = parseAst(source, { lang: 'ts' }, path);
  if (isNode(program)) visit(program);
  return found;
}

function isCast(node: Node, source: string): boolean {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSTypeAssertion':
      return textOf(node.typeAnnotation, source) !== 'const';
    case 'TSNonNullExpression':
    case 'TSAnyKeyword':
      return true;
    // `let x!: T` and the same for a member of a class.
    default:
      return node.definite === true;
  }
}

const textOf = (node: unknown, source: string): string =>
  isNode(node) ? source.slice(Number(node.start), Number(node.end)) : '';
