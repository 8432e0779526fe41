import { parseAst } from 'rolldown/parseAst';
import { isNode, type Node } from './import-graph.js';

/** A function with more parameters than the limit. */
export interface LongList {
  readonly name: string;
  readonly count: number;
}

const FUNCTION = /Function|TSMethodSignature|TSCallSignature|TSConstructSignature/;

/** The functions of a source file, and the methods of its types, that take more than `most` parameters. */
export function longParameterLists(path: string, source: string, most: number): LongList[] {
  const found: LongList[] = [];
  const visit = (node: Node, outer: string): void => {
    const name = nameOf(node) ?? outer;
    if (FUNCTION.test(node.type) && Array.isArray(node.params) && node.params.length > most)
      found.push({ name, count: node.params.length });
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value])
        if (isNode(child)) visit(child, name);
  };
  const program: unknown = parseAst(source, { lang: 'ts' }, path);
  if (isNode(program)) visit(program, '');
  return found;
}

function nameOf({ id, key }: Node): string | undefined {
  const named = isNode(id) ? id : key;
  if (!isNode(named)) return undefined;
  return `${named.type === 'PrivateIdentifier' ? '#' : ''}${String(named.name)}`;
}
