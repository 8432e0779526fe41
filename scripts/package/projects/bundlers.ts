import { MAIN, type Project, transpile } from './project.js';

const formats = ['esm', 'cjs'] as const;
const extension = { esm: 'mjs', cjs: 'cjs' } as const;

/** Also as CDK (CommonJS), SAM (`es2020`) and serverless-esbuild call it. */
const esbuild = formats.flatMap((format) =>
  ['node20', 'es2020'].map((target): Project => {
    const out = `out.${extension[format]}`;
    const flags = ['--bundle', '--platform=node', `--format=${format}`, `--target=${target}`];
    return {
      name: `esbuild, ${format}, ${target}`,
      type: 'commonjs',
      files: { 'main.ts': MAIN },
      commands: [
        {
          tool: 'esbuild/bin/esbuild',
          isBinary: true,
          args: ['main.ts', ...flags, `--outfile=${out}`, '--log-level=warning'],
        },
        { args: [out], runs: true },
      ],
    };
  }),
);

/** Source that requires: esbuild takes the ES build even so, so that a bundle has but one. */
const esbuildOfCommonJS: Project = {
  name: 'esbuild, cjs, of CommonJS',
  type: 'commonjs',
  files: { 'main.ts': MAIN },
  commands: [
    transpile('main.ts', 'cjs', 'main.cjs'),
    {
      tool: 'esbuild/bin/esbuild',
      isBinary: true,
      args: ['main.cjs', '--bundle', '--platform=node', '--outfile=out.cjs', '--log-level=warning'],
    },
    { args: ['out.cjs'], runs: true },
  ],
};

/** webpack has no program of its own. It warns of a peer that is not installed; any other warning counts as an error. */
const WEBPACK = `
const webpack = require('webpack');
const config = {
  mode: 'production',
  target: 'node20',
  entry: process.argv[2],
  output: { path: __dirname, filename: 'out.cjs' },
};
webpack(config, (error, stats) => {
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  const strange = warnings.filter(({ message }) => !message.includes("Can't resolve 'ioredis'"));
  const problems = [error ?? [], errors, strange].flat();
  if (problems.length > 0) console.error(problems.map(({ message }) => message).join('\\n'));
  process.exit(problems.length);
});
`;
const webpack = formats.map(
  (format): Project => ({
    name: `webpack, ${format}`,
    type: 'commonjs',
    files: { 'main.ts': MAIN, 'build.cjs': WEBPACK },
    commands: [
      transpile('main.ts', format, `main.${extension[format]}`),
      { args: ['build.cjs', `./main.${extension[format]}`] },
      { args: ['out.cjs'], runs: true },
    ],
  }),
);

const rolldown = formats.map((format): Project => {
  const out = `out.${extension[format]}`;
  return {
    name: `rolldown, ${format}`,
    type: 'module',
    files: { 'main.ts': MAIN },
    commands: [
      {
        tool: 'rolldown/bin/cli.mjs',
        args: ['main.ts', '--platform=node', `--format=${format}`, `--file=${out}`],
      },
      { args: [out], runs: true },
    ],
  };
});

const vite: Project = {
  name: 'Vite, SSR',
  type: 'module',
  files: {
    'main.ts': MAIN,
    'vite.config.mjs': `export default {
      build: { ssr: 'main.ts', outDir: 'out' },
      ssr: { noExternal: true },
      logLevel: 'warn',
    };`,
  },
  commands: [
    { tool: 'vite/bin/vite.js', args: ['build'] },
    { args: ['out/main.js'], runs: true },
  ],
};

export const bundlers: readonly Project[] = [
  ...esbuild,
  esbuildOfCommonJS,
  ...webpack,
  ...rolldown,
  vite,
];
