import { compilerOptions, type Project, TEST } from './project.js';

const babel = [
  'babel-jest',
  {
    presets: [['@babel/preset-env', { targets: { node: 'current' } }], '@babel/preset-typescript'],
  },
];

const formats = [
  {
    format: 'CommonJS',
    type: 'commonjs',
    config: {},
    // As ts-jest advises for each.
    compiler: { module: 'commonjs', moduleResolution: 'node' },
    env: {},
  },
  {
    format: 'ES modules',
    type: 'module',
    config: { extensionsToTreatAsEsm: ['.ts'] },
    compiler: { module: 'esnext', moduleResolution: 'bundler' },
    env: { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
  },
] as const;

const jest = formats.flatMap(({ format, type, config, compiler, env }) =>
  (['babel', 'ts-jest'] as const).map((transformer): Project => {
    const transform = transformer === 'babel' ? babel : ['ts-jest', { useESM: type === 'module' }];
    return {
      name: `Jest 30, ${transformer}, ${format}`,
      type,
      files: {
        'cache.test.ts': TEST,
        'jest.config.json': { ...config, transform: { '\\.ts$': transform } },
        'tsconfig.json': { compilerOptions: { ...compilerOptions, ...compiler } },
      },
      commands: [
        {
          on: 24,
          tool: 'jest/bin/jest.js',
          args: ['--ci', '--no-watchman', '-i'],
          env,
          runs: true,
        },
      ],
    };
  }),
);

const vitest: Project = {
  name: 'Vitest 5',
  type: 'module',
  files: { 'cache.test.ts': TEST },
  commands: [{ on: 24, tool: 'vitest/vitest.mjs', args: ['run', '--globals'], runs: true }],
};

export const testRunners: readonly Project[] = [...jest, vitest];
