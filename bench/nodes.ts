import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { judgedMajors, nodeBinary } from '../scripts/fetch-package.js';

export interface NodeBinary {
  /** Its version. */
  readonly name: string;
  readonly path: string;
}

/** The Nodes that the figures are judged on, whichever runs this. */
export function judgedNodes(): Promise<NodeBinary[]> {
  return Promise.all(
    judgedMajors.map(async (major) => {
      const path = await nodeBinary(major);
      const { stdout } = await promisify(execFile)(path, ['--version']);
      return { name: stdout.trim(), path };
    }),
  );
}
