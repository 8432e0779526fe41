import { withoutPeers } from '../manifest.js';
import { compilerOptions, MAIN, type Project } from './project.js';

/** Every entry point without peers of its own, used so that nothing of it is left unread. */
const ALL = withoutPeers
  .map(
    (name, i) =>
      `import * as entry${i} from '${name}';\nexport const used${i}: object = entry${i};`,
  )
  .join('\n');

const MODULES = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext', node: 'commonjs' };
type Resolution = keyof typeof MODULES;

const COMPILERS: readonly [version: string, tool: string, resolutions: readonly Resolution[]][] = [
  ['5.4', 'typescript-5.4/bin/tsc', ['node16', 'nodenext', 'bundler', 'node']],
  ['5.9', 'typescript/bin/tsc', ['node16', 'nodenext', 'bundler', 'node']],
  ['7', 'typescript-7/bin/tsc', ['node16', 'nodenext', 'bundler']],
];

/** An `.mts` is an ES module and a `.cts` is CommonJS, for those resolutions that tell them apart. */
const files = (resolution: Resolution) =>
  resolution === 'node16' || resolution === 'nodenext'
    ? { 'main.mts': MAIN, 'main.cts': MAIN, 'all.mts': ALL, 'all.cts': ALL }
    : { 'main.ts': MAIN, 'all.ts': ALL };

/** The declarations, `skipLibCheck` off and no peer installed for their imports. */
export const typescript: readonly Project[] = COMPILERS.flatMap(([version, tool, resolutions]) =>
  resolutions.map((moduleResolution) => ({
    name: `TypeScript ${version}, ${moduleResolution}`,
    type: 'commonjs',
    files: {
      ...files(moduleResolution),
      'tsconfig.json': {
        compilerOptions: {
          ...compilerOptions,
          module: MODULES[moduleResolution],
          moduleResolution,
          noEmit: true,
        },
      },
    },
    commands: [{ tool, args: ['-p', '.'] }],
  })),
);
