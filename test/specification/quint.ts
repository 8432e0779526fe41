import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { root } from '../../scripts/run.js';

/** `SPECIFICATION_SEED` repeats a run. */
export const seed = Number(process.env.SPECIFICATION_SEED ?? randomInt(2 ** 31));

export const readSpecification = (name: string): Promise<string> =>
  readFile(`${root}specification/${name}.qnt`, 'utf8');
