import { parseAst } from 'rolldown/parseAst';
import { isNode, type Node } from './import-graph.js';

/** A type that a source file declares, and its parts in an order that does not depend on the file. */
export interface DeclaredType {
  readonly name: string;
  readonly shape: string;
}

/** The interfaces and type aliases of a source file. Their own type parameters are numbered. */
export function declaredTypes(path: string, source: string): DeclaredType[] {
  const found: DeclaredType[] = [];
  const text = ({ start, end }: Node): string => plain(source.slice(Number(start), Number(end)));

  const shapeOf = (node: Node): string => {
    if (node.type !== 'TSInterfaceBody' && node.type !== 'TSTypeLiteral') return text(node);
    const members = nodesIn(node.type === 'TSTypeLiteral' ? node.members : node.body);
    return `{ ${members.map(text).sort().join('; ')} }`;
  };

  const visit = (node: Node): void => {
    const { id } = node;
    if (/^TS(Interface|TypeAlias)Declaration$/.test(node.type) && isNode(id)) {
      const body = isNode(node.body) ? node.body : node.typeAnnotation;
      const bases = nodesIn(node.extends).map(text).sort().join(' & ');
      const shape = isNode(body) ? `${bases}${shapeOf(body)}` : '';
      found.push({ name: String(id.name), shape: withNumbers(shape, node.typeParameters, text) });
    }
    for (const value of Object.values(node)) for (const child of nodesIn(value)) visit(child);
  };
  const program: unknown = parseAst(source, { lang: 'ts' }, path);
  if (isNode(program)) visit(program);
  return found;
}

function withNumbers(shape: string, given: unknown, text: (node: Node) => string): string {
  const parameters = isNode(given) ? nodesIn(given.params) : [];
  return parameters.reduce<string>((numbered, parameter, i) => {
    const name = isNode(parameter.name) ? text(parameter.name) : String(parameter.name);
    return numbered.replace(new RegExp(`\\b${name}\\b`, 'g'), `$${i}`);
  }, shape);
}

const nodesIn = (value: unknown): Node[] => (Array.isArray(value) ? value : [value]).filter(isNode);

/** Without comments, line breaks, `readonly`, and the separator at the end. */
const plain = (code: string): string =>
  code
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .replace(/\breadonly\b/g, '')
    .replace(/\s+/g, ' ')
    .replace(/[;,] ?$/, '')
    .trim();
