/** One record of the list. The store adds its own fields. */
export interface SieveNode {
  /** Read since the hand last passed. */
  visited: boolean;
  newer: SieveNode | undefined;
  older: SieveNode | undefined;
}

/**
 * SIEVE: new records enter at the head. A hand moves from the tail towards the head, spares and unmarks visited
 * records, and evicts the first unvisited one. A hit only sets a bit, and records read once do not push out popular
 * ones.
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

  /** The record to evict next, if any. It stays until it is removed. */
  victim(): N | undefined {
    let node = this.#hand ?? this.#tail;
    while (node?.visited) {
      node.visited = false;
      node = node.newer ?? this.#tail;
    }
    this.#hand = node;
    // Every node came through `add`, as an N.
    return node as N | undefined;
  }

  /**
   * The record to evict for one that is about to be written. If the choice falls on that record itself, it moves to the
   * head of the list, because the others must go first.
   */
  victimFor(written: N): N | undefined {
    const victim = this.victim();
    if (victim !== written) return victim;
    this.remove(written);
    this.add(written);
    return this.victim();
  }
}
