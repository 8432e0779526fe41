import { nodeMajors } from '../../fetch-package.js';
import { compilerOptions, MAIN, type Project } from './project.js';

/** Without it Node finds the ES build by `require`, too; with it the two builds meet in one process. */
const NO_REQUIRE = '--no-experimental-require-module';

/** The program as TypeScript compiles it, imported and required. */
export const nodes: readonly Project[] = nodeMajors.flatMap((on) =>
  (on < 24 ? [[], [NO_REQUIRE]] : [[]]).map(
    (flags): Project => ({
      name: `Node ${on}${flags.length > 0 ? ', two builds' : ''}`,
      type: 'commonjs',
      files: {
        'tsconfig.json': {
          compilerOptions: { ...compilerOptions, module: 'nodenext', outDir: 'out' },
        },
        'main.mts': MAIN,
        'main.cts': MAIN,
        'meet.mjs': '<meet.mjs>',
      },
      commands: [
        { tool: 'typescript-7/bin/tsc', args: ['-p', '.'] },
        { on, args: [...flags, 'out/main.mjs'], runs: true },
        { on, args: [...flags, 'out/main.cjs'], runs: true },
        { on, args: [...flags, 'meet.mjs', flags.length === 0 ? '1' : '2'] },
      ],
    }),
  ),
);
