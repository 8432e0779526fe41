import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isNodeAvailable, nodeBinary } from '../fetch-package.js';
import { root, run } from '../run.js';
import { bareEnvironment, ensure } from './manifest.js';
import type { Command, Project } from './projects/index.js';

/** The folders around the projects: a package is looked for in each folder on the way up. */
export interface Workshop {
  /** Where the projects are. The package is installed beside them. */
  readonly folder: string;
  /** Where the tools are: above, so that nothing but the package is installed beside the projects. */
  readonly tools: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @param installed a project with the package, and nothing else, in its node_modules. */
export function openWorkshop(
  around: string,
  installed: string,
  tools: string,
  env: Workshop['env'],
): Workshop {
  const folder = join(around, 'projects');
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(tools, 'node_modules'), join(around, 'node_modules'));
  cpSync(join(installed, 'node_modules'), join(folder, 'node_modules'), { recursive: true });
  return { folder, tools: join(around, 'node_modules'), env };
}

/** Resolves to what the last command printed, or to the reason why the project cannot run here. */
export async function runProject(project: Project, workshop: Workshop): Promise<string> {
  const missing = project.commands.find(({ on }) => on && !isNodeAvailable(on));
  if (missing) return `not run: Node ${missing.on} is fetched for linux-x64 only`;
  if (project.only && project.only !== `${process.platform}-${process.arch}`)
    return `not run: npm has the binary for ${project.only} only`;
  const folder = join(workshop.folder, project.name.replace(/\W+/g, '-'));
  const files = { 'package.json': { type: project.type, private: true }, ...project.files };
  for (const [name, content] of Object.entries(files)) write(join(folder, name), content);
  let said = '';
  for (const command of project.commands) {
    const output = await runCommand(command, folder, workshop);
    const works = /the cache works.*/.exec(output)?.[0];
    ensure(works || !command.runs, `${command.args.join(' ')} did not use the cache:\n${output}`);
    said = works ?? said;
  }
  return said || 'compiled';
}

async function runCommand(
  { on, tool, isBinary, args, env }: Command,
  cwd: string,
  workshop: Workshop,
): Promise<string> {
  const program = tool === undefined ? [] : [join(workshop.tools, tool)];
  const [file = '', ...rest] = isBinary
    ? program
    : [on ? await nodeBinary(on) : process.execPath, ...program];
  // npm sets the bit for what package.json calls a program, and these name none.
  if (isBinary) chmodSync(file, 0o755);
  return run(file, [...rest, ...args], { cwd, env: bareEnvironment({ ...workshop.env, ...env }) });
}

function write(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const text =
    typeof content === 'string'
      ? content.replace(/<([\w-]+\.\w+)>/g, (_, name) => fixture(name))
      : JSON.stringify(content, null, 2);
  writeFileSync(file, text);
}

const fixture = (name: string): string =>
  readFileSync(join(root, 'test/package/consumer', name), 'utf8');
