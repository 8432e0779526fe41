import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import tsconfig from './tsconfig.json' with { type: 'json' };

// The package's own name leads to its source, by the same map that the compiler uses.
const alias = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file]]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(file ?? '', import.meta.url)),
}));

/** They take times, so each runs when everything else is done. */
const figures = ['test/lambda/end-to-end/figures.spec.ts', 'test/http/fleet/fleet.spec.ts'];
const site = 'test/site/**/*.spec.ts';

/** A guard against hangs, and no judge of speed; a soak of the model checker takes as long as it takes. */
const HANG_MS = process.env.MODEL_SCHEDULES ? 0 : 30 * 60_000;

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.spec.ts'],
          exclude: [...figures, site],
          globalSetup: ['test/servers/global-setup.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'figures',
          include: figures,
          globalSetup: ['test/servers/global-setup.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'site', include: [site], sequence: { groupOrder: 2 } },
      },
    ],
    // The SDK's advice on Node versions, once in every test file that uses it.
    setupFiles: ['test/no-noise.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    maxWorkers: 2,
    testTimeout: HANG_MS,
    hookTimeout: HANG_MS,
    expect: { poll: { timeout: 5 * 60_000 } },
    restoreMocks: true,
  },
});
