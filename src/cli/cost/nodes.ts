import type { NodePrice } from './prices.js';

export const GB = 1024 ** 3;

/** The part of a node's memory that values may take. */
const USABLE = 0.75;

const holds = ({ memoryGB }: NodePrice): number => memoryGB * GB * USABLE;

/** The cheapest node that holds the values, or as many of the largest as do. */
export function nodeFor(
  nodes: readonly NodePrice[],
  bytes: number,
): NodePrice & { readonly count: number } {
  const sorted = [...nodes].sort((a, b) => a.hour - b.hour);
  const fitting = sorted.find((node) => holds(node) >= bytes);
  if (fitting) return { ...fitting, count: 1 };
  const largest = sorted.reduce((a, b) => (b.memoryGB > a.memoryGB ? b : a));
  return { ...largest, count: Math.ceil(bytes / holds(largest)) };
}
