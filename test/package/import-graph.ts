import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One import of a module, however it is written. */
export interface Import {
  /** A path below src for a relative specifier, else the bare specifier. */
  readonly target: string;
  readonly bare: boolean;
  /** `type`: gone after compilation; `value`: evaluated at load; `lazy`: an `import()`. */
  readonly kind: 'type' | 'value' | 'lazy';
}

export interface Module {
  /** Path below src. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Clock, timers, console and environment as the code names them: `Date.now`, `setTimeout`, … */
  readonly globals: readonly string[];
}

export interface Node {
  readonly type: string;
  readonly [property: string]: unknown;
}

const TIMERS = /^(set|clear)(Timeout|Interval|Immediate)$/;
const MEMBERS = /^(Date\.now|performance\.now|process\.(env|hrtime)|console\.\w+)$/;

/** Reads what a source file imports and which globals it uses, from its syntax tree. */
export function parseModule(path: string, source: string): Module {
  const imports: Import[] = [];
  const globals = new Set<string>();

  const add = (specifier: unknown, kind: Import['kind']): void => {
    const name = literal(specifier);
    if (name === undefined) return;
    const bare = !name.startsWith('.');
    const target = bare ? name : posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts');
    imports.push({ target, bare, kind });
  };

  const visit = (node: Node): void => {
    switch (node.type) {
      case 'ImportDeclaration':
        add(node.source, node.importKind === 'type' ? 'type' : 'value');
        return;
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        if (node.source) add(node.source, node.exportKind === 'type' ? 'type' : 'value');
        break;
      case 'ImportExpression':
        add(node.source, 'lazy');
        break;
      case 'TSImportType':
        add(node.source, 'type');
        break;
      // `typeof setTimeout` in a type uses nothing.
      case 'TSTypeQuery':
        return;
      case 'CallExpression':
        if (TIMERS.test(identifier(node.callee))) globals.add(identifier(node.callee));
        break;
      case 'NewExpression':
        if (identifier(node.callee) === 'Date' && (node.arguments as unknown[]).length === 0)
          globals.add('new Date()');
        break;
      case 'MemberExpression': {
        const member = `${identifier(node.object)}.${identifier(node.property)}`;
        if (MEMBERS.test(member)) globals.add(member);
        break;
      }
    }
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
    }
  };

  const program: unknown = parseAst(source, { lang: 'ts' }, path);
  if (isNode(program)) visit(program);
  return { path, imports, globals: [...globals] };
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function identifier(node: unknown): string {
  return isNode(node) && node.type === 'Identifier' ? String(node.name) : '';
}

function literal(node: unknown): string | undefined {
  return isNode(node) && typeof node.value === 'string' ? node.value : undefined;
}

/** Every TypeScript module below `folder`, by its path from there. */
export function readModules(folder: string): Module[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parseModule(path, readFileSync(`${folder}/${path}`, 'utf8')));
}

/** The import cycles, types and `import()` included, each as the list of its modules, once. */
export function cycles(modules: readonly Module[]): string[][] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const finished = new Set<string>();
  const found: string[][] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push([...trail.slice(start), path]);
      return;
    }
    if (finished.has(path)) return;
    for (const { target } of byPath.get(path)?.imports ?? []) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of modules) walk(path, []);
  return found;
}
