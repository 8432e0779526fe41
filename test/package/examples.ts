import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A block of TypeScript in the documentation. */
export interface Example {
  /** Path of the document from the root. */
  readonly file: string;
  /** Line of the block's first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

export interface Extracted {
  readonly examples: readonly Example[];
  /** Reasons why a block cannot compile, a line each. */
  readonly problems: readonly string[];
}

/** `ts`, with the line marks and the title that the documentation site knows. */
const CHECKED = /^ts(\{[\d,-]+\})?( \[[^\]]+\])?$/;
/** A block that cannot compile says why: "ts no-check: the next version's syntax". */
const UNCHECKED = /^ts no-check: \S.{9,}$/;
/** Other names of the language, under which a block would go unseen. */
const RESEMBLING = /^(ts|tsx|mts|cts|typescript|javascript|jsx?|mjs)\b/i;

/** The TypeScript blocks of a Markdown document, or of the lines that `read` takes from another kind of file. */
export function extract(file: string, text: string, read = (line: string) => line): Extracted {
  const examples: Example[] = [];
  const problems: string[] = [];
  let open:
    | { info: string; indent: number; line: number; code: string[]; fence: string }
    | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = read(raw);
    const [, space = '', fence, info = ''] = /^(\s*)(`{3,})(.*)$/.exec(line) ?? [];
    if (!open) {
      if (fence)
        open = { info: info.trim(), indent: space.length, line: index + 2, code: [], fence };
    } else if (fence === open.fence && info.trim() === '') {
      if (CHECKED.test(open.info))
        examples.push({ file, line: open.line, code: open.code.join('\n') });
      else if (RESEMBLING.test(open.info) && !UNCHECKED.test(open.info))
        problems.push(
          `${file}:${open.line - 1}: "${open.info}" is not compiled: tag it "ts", or "ts no-check: <the reason>"`,
        );
      open = undefined;
    } else {
      open.code.push(line.slice(open.indent));
    }
  }
  if (open) problems.push(`${file}:${open.line - 1}: the block has no end`);
  return { examples, problems };
}

/** The blocks in the documentation comments of a source file; every `@example` must hold one. */
export function extractComments(file: string, source: string): Extracted {
  const examples: Example[] = [];
  const problems: string[] = [];
  for (const { index, 0: comment } of source.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const before = source.slice(0, index).split('\n').length - 1;
    const found = extract(file, comment, (line) => line.replace(/^\s*(\/\*\*|\*\/|\*) ?/, ''));
    examples.push(...found.examples.map((one) => ({ ...one, line: one.line + before })));
    problems.push(
      ...found.problems.map((one) =>
        one.replace(/:(\d+):/, (_, line) => `:${Number(line) + before}:`),
      ),
    );
    const tags = comment.match(/^\s*\* @example\b/gm)?.length ?? 0;
    if (tags > found.examples.length)
      problems.push(`${file}:${before + 1}: an @example here has no \`\`\`ts block`);
  }
  return { examples, problems };
}

/** Compiles every example as a module of its own; resolves to the errors, each at its place in the document. */
export async function compile(examples: readonly Example[], name: string): Promise<string[]> {
  const folder = `.cache/${name}`;
  rmSync(root + folder, { recursive: true, force: true });
  mkdirSync(root + folder, { recursive: true });
  const config = { extends: '../../tsconfig.json', include: ['*.ts'] };
  writeFileSync(`${root}${folder}/tsconfig.json`, JSON.stringify(config));
  for (const [index, { code }] of examples.entries())
    writeFileSync(`${root}${folder}/${index}.ts`, `${code}\nexport {};\n`);

  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const args = [tsc, '--pretty', 'false', '-p', folder];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) => {
      resolve(error && !stdout ? `${stderr}${error.message}` : stdout);
    });
  });
  const lines = output.split('\n').filter((line) => line && !line.startsWith(' '));
  // Errors in the source itself are the type check's to report.
  const ours = lines.filter((line) => !line.startsWith('src/'));
  return ours.map((line) => origin(line, folder, examples));
}

function origin(line: string, folder: string, examples: readonly Example[]): string {
  const place = /^(.*)\/(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line);
  if (place?.[1] !== folder) return line;
  const example = examples[Number(place[2])];
  if (!example) return line;
  return `${example.file}:${example.line + Number(place[3]) - 1}: ${place[4]}`;
}
