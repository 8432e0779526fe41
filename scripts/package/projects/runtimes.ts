import { MAIN, type Project, transpile } from './project.js';

const bun: Project = {
  name: 'Bun',
  type: 'module',
  only: 'linux-x64',
  files: { 'main.ts': MAIN, 'main.cts': MAIN },
  commands: ['main.ts', 'main.cts'].map((file) => ({
    tool: '@oven/bun-linux-x64/bin/bun',
    isBinary: true,
    args: ['run', file],
    runs: true,
  })),
};

const deno: Project = {
  name: 'Deno',
  type: 'module',
  only: 'linux-x64',
  files: { 'main.ts': MAIN },
  commands: [
    transpile('main.ts', 'cjs', 'main.cjs'),
    ...['main.ts', 'main.cjs'].map((file) => ({
      tool: '@deno/linux-x64-glibc/deno',
      isBinary: true,
      args: ['run', '--allow-all', '--quiet', file],
      env: { DENO_DIR: '.deno', DENO_NO_UPDATE_CHECK: '1' },
      runs: true,
    })),
  ],
};

export const runtimes: readonly Project[] = [bun, deno];
