import { judgedMajors, nodeBinary } from '../scripts/fetch-package.js';
import { run } from '../scripts/run.js';

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
      return { name: (await run(path, ['--version'])).trim(), path };
    }),
  );
}
