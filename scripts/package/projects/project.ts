import type { NodeMajor } from '../../fetch-package.js';

/** A consumer of the package: files in an empty folder, and commands that must succeed there. */
export interface Project {
  readonly name: string;
  readonly type: 'module' | 'commonjs';
  /** `<name>` in a text stands for that file of test/package/consumer; what is no text is written as JSON. */
  readonly files: Readonly<Record<string, unknown>>;
  readonly commands: readonly Command[];
  /** The platform that the tool's binary is for. Default: every one. */
  readonly only?: 'linux-x64';
}

export interface Command {
  /** The Node to run it on. Default: the one that runs this, which is the floor of `engines` or later. */
  readonly on?: NodeMajor;
  /** A program in the tools' node_modules. Default: Node itself. */
  readonly tool?: string;
  /** The tool is a binary, and not a program for Node. */
  readonly isBinary?: boolean;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It runs the program, which says at its end that the cache works. */
  readonly runs?: boolean;
}

/** The program, run as it is: an ES module or CommonJS, as its extension and the project say. */
export const MAIN = `<use-cache.ts>
useCache().then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
`;

/** The program as a test, whose runner has a global \`test\`. */
export const TEST = `<use-cache.ts>
declare const test: (name: string, run: () => Promise<void>, ms: number) => void;
test('the cache', async () => console.log(await useCache()), 20_000);
`;

export const compilerOptions = {
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  esModuleInterop: true,
  skipLibCheck: false,
};

/** Compiles without a check of the types, which takes no time. */
export const transpile = (file: string, format: 'esm' | 'cjs', out: string): Command => ({
  tool: 'esbuild/bin/esbuild',
  isBinary: true,
  args: [file, `--format=${format}`, `--outfile=${out}`, '--log-level=warning'],
});
