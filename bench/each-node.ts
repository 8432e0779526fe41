import type { Bench, Figure } from './figure.js';
import { judgedNodes, type NodeBinary } from './nodes.js';

/** The input of a figure that is measured on one version of Node. */
export interface NodeBench extends Bench {
  readonly node: NodeBinary;
}

/** One figure of several: the tables of each Node one after the other, and its checks under its name. */
export async function onEachNode(
  bench: Bench,
  measure: (bench: NodeBench) => Promise<Figure>,
): Promise<Figure> {
  const [first, ...others] = await judgedNodes();
  if (first === undefined) throw new Error('no Node to judge on');
  const one = async (node: NodeBinary): Promise<Figure> => {
    const say = (text: string) => bench.say(`${text}, Node ${node.name}`);
    const figure = await measure({ ...bench, node, say });
    const checks = figure.checks.map((check) => ({
      ...check,
      what: `Node ${node.name}: ${check.what}`,
    }));
    return { ...figure, checks };
  };
  const figure = await one(first);
  const tables = [...figure.tables];
  const checks = [...figure.checks];
  for (const node of others) {
    const next = await one(node);
    tables.push(...next.tables);
    checks.push(...next.checks);
  }
  return { ...figure, tables, checks };
}
