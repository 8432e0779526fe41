import { cycles, type Module } from './import-graph.js';

/** A room is a folder below src, or a file; of several that hold a module, the deepest one counts. */
export interface Rules {
  readonly levels: readonly Level[];
  /** Lower rooms that a room, or one inside it, must not import all the same. */
  readonly never: readonly { readonly from: readonly string[]; readonly to: readonly string[] }[];
  /** Folders and files that may use clocks, timers, the console and the environment. */
  readonly edges: readonly string[];
  /** Rooms that may `import()` any room: they run it. */
  readonly runners: readonly string[];
  /** Builtins too costly to load in these rooms at start. */
  readonly heavy: { readonly rooms: readonly string[]; readonly modules: readonly string[] };
  /** Packages that the build packs into dist, with their licences, by the rooms that may import them. */
  readonly bundled: Readonly<Record<string, readonly string[]>>;
  /** Optional peers without which a room is nothing, so that it imports them at load. */
  readonly needed: Readonly<Record<string, readonly string[]>>;
  /** Packages that may be there or not. */
  readonly optionalPeers: readonly string[];
}

export interface Level {
  readonly name: string;
  readonly rooms: readonly string[];
}

/** Breaches of the rules, a line each. */
export function violations(modules: readonly Module[], rules: Rules): string[] {
  const paths = new Set(modules.map(({ path }) => path));
  const problems: string[] = [];
  for (const module of modules) {
    const room = roomOf(module.path, rules);
    const level = levelOf(room, rules);
    if (level < 0) problems.push(`src/${module.path}: give "${room}" a level in the rules`);
    if (!isWithin(module.path, rules.edges))
      for (const name of module.globals)
        problems.push(
          `src/${module.path}: ${name} belongs at the edges (${rules.edges.join(', ')})`,
        );
    for (const entry of module.imports) {
      const where = `src/${module.path}: imports ${entry.target}`;
      if (entry.bare) problems.push(...bareImport(where, room, entry, rules));
      // Data of the package, which the compiler finds.
      else if (entry.target.endsWith('.json')) continue;
      else if (!paths.has(entry.target)) problems.push(`${where}, which does not exist`);
      else if (level >= 0 && !(entry.kind === 'lazy' && rules.runners.includes(room)))
        problems.push(...roomImport(where, room, roomOf(entry.target, rules), rules));
    }
  }
  for (const cycle of cycles(modules)) problems.push(`import cycle: ${cycle.join(' -> ')}`);
  return problems;
}

function bareImport(
  where: string,
  room: string,
  { target, kind }: Module['imports'][number],
  rules: Rules,
): string[] {
  if (kind === 'type') return [];
  if (target.startsWith('node:')) {
    const costly = rules.heavy.rooms.includes(room) && rules.heavy.modules.includes(target);
    return costly && kind === 'value' ? [`${where} at load, which costs a cold start`] : [];
  }
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
  if (rules.bundled[name]?.includes(room) || rules.needed[name]?.includes(room)) return [];
  if (!rules.optionalPeers.includes(name)) return [`${where}, which is no peer of this package`];
  return kind === 'value' ? [`${where} at load: an optional peer is loaded by import()`] : [];
}

function roomImport(where: string, from: string, to: string, rules: Rules): string[] {
  if (from === to) return [];
  if (rules.never.some((never) => isWithin(from, never.from) && isWithin(to, never.to)))
    return [`${where}: "${from}" must not know "${to}"`];
  const [own, other] = [levelOf(from, rules), levelOf(to, rules)];
  if (other < 0 || other < own) return [];
  const name = rules.levels[own]?.name;
  if (other > own)
    return [`${where}: level ${name} must not import level ${rules.levels[other]?.name}`];
  return [`${where}: both are of level ${name}`];
}

const isWithin = (path: string, rooms: readonly string[]): boolean =>
  rooms.some((room) => path === room || path.startsWith(`${room}/`));

/** The deepest room that holds the path; else the folder or file at the top of src, which has no level. */
function roomOf(path: string, rules: Rules): string {
  const holding = rules.levels.flatMap(({ rooms }) =>
    rooms.filter((room) => isWithin(path, [room])),
  );
  const [deepest] = holding.sort((a, b) => b.length - a.length);
  return deepest ?? path.split('/')[0] ?? path;
}

const levelOf = (room: string, rules: Rules): number =>
  rules.levels.findIndex(({ rooms }) => rooms.includes(room));
