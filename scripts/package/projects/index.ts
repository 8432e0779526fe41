import { bundlers } from './bundlers.js';
import { nodes } from './node.js';
import type { Project } from './project.js';
import { runtimes } from './runtimes.js';
import { testRunners } from './test-runners.js';
import { typescript } from './typescript.js';

export type { Command, Project } from './project.js';

/** Every way in which the package must load. */
export const projects: readonly Project[] = [
  ...nodes,
  ...typescript,
  ...testRunners,
  ...bundlers,
  ...runtimes,
];
