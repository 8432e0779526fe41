/** One record of the list; the store adds its own fields. */
export interface SieveNode {
  /** Read since the hand last passed. */
  visited: boolean;
  newer: SieveNode | undefined;
  older: SieveNode | undefined;
}

/**
 * SIEVE: new records enter at the head; a hand moves from the tail towards it, spares and unmarks what was read, and
 * evicts the first that was not. A hit only sets a bit, and what was read once does not push out what is read often.
 *
 * @see Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024.
 */
export class Sieve<N extends SieveNode> {
  #head: SieveNode | undefined;
  #tail: SieveNode | undefined;
  #hand: SieveNode | undefined;

  add(node: N): void {
    node.older = this.#head;
    if (this.#head) this.#head.newer = node;
    this.#head = node;
    this.#tail ??= node;
  }

  remove(node: N): void {
    if (this.#hand === node) this.#hand = node.newer;
    if (node.newer) node.newer.older = node.older;
    else this.#head = node.older;
    if (node.older) node.older.newer = node.newer;
    else this.#tail = node.newer;
    node.newer = undefined;
    node.older = undefined;
  }

  /** The record to evict next, if there is one; it stays until it is removed. */
  victim(): N | undefined {
    let node = this.#hand ?? this.#tail;
    while (node?.visited) {
      node.visited = false;
      node = node.newer ?? this.#tail;
    }
    this.#hand = node;
    return node as N | undefined;
  }
}
