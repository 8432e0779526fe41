import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { nodeBinary } from '../scripts/fetch-package.js';

export interface NodeBinary {
  /** Its version. */
  readonly name: string;
  readonly path: string;
}

/** The Node that runs this, and the others that Lambda has. */
export async function allNodes(): Promise<NodeBinary[]> {
  const others = await Promise.all(([22, 24] as const).map(otherNode));
  return [{ name: process.version, path: process.execPath }, ...others];
}

async function otherNode(major: 22 | 24): Promise<NodeBinary> {
  const path = await nodeBinary(major);
  const { stdout } = await promisify(execFile)(path, ['--version']);
  return { name: stdout.trim(), path };
}
