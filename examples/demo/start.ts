import type { Calls } from './answer.js';
import { Child } from './child.js';

/** Node runs the programs' TypeScript through tsx, as it runs this. */
const TSX = ['--import', import.meta.resolve('tsx')];

/** Starts a program of the demo from its source. */
export const startProgram = <C extends Calls>(name: string): Child<C> =>
  new Child<C>(new URL(`programs/${name}.ts`, import.meta.url), { nodeOptions: TSX });
