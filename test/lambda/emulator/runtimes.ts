import {
  hasNode,
  judgedMajors,
  type NodeMajor,
  nodeBinary,
} from '../../../scripts/fetch-package.js';
import {
  type ClientMajor,
  clientProgram,
  clientVersion,
  runtimeClientProblem,
} from '../../../scripts/runtime-client.js';

/** One of Lambda's runtimes for Node: AWS's runtime client on a Node. */
export interface Runtime {
  /** Lambda's own name for it, such as `nodejs22.x`. */
  readonly name: `nodejs${NodeMajor}.x`;
  readonly node: NodeMajor;
  readonly client: ClientMajor;
}

export const runtimes: readonly Runtime[] = [
  { name: 'nodejs20.x', node: 20, client: 3 },
  { name: 'nodejs22.x', node: 22, client: 4 },
  { name: 'nodejs24.x', node: 24, client: 4 },
  { name: 'nodejs26.x', node: 26, client: 4 },
];

/** The runtimes that are measured. */
export const judgedRuntimes = runtimes.filter(({ node }) =>
  judgedMajors.some((major) => major === node),
);

/** Such as `nodejs22.x (aws-lambda-ric 4.0.2)`. */
export const describeRuntime = ({ name, client }: Runtime): string =>
  `${name} (aws-lambda-ric ${clientVersion(client)})`;

/** Why this machine cannot run it, and the cure; undefined when it can. */
export function runtimeProblem({ node }: Runtime): string | undefined {
  const problem = runtimeClientProblem();
  if (problem !== undefined || hasNode(node)) return problem;
  return `Node ${node} is not here: npx tsx scripts/setup.ts fetches it on Linux on x64`;
}

/** The command that Lambda starts in the folder of the function. */
export async function runtimeCommand(
  { node, client }: Runtime,
  handler: string,
  nodeOptions: readonly string[],
): Promise<[string, ...string[]]> {
  return [await nodeBinary(node), ...nodeOptions, clientProgram(client), handler];
}
