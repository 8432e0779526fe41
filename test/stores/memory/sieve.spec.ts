import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sieve, type SieveNode } from '../../../src/stores/memory/sieve.js';

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

interface Node extends SieveNode {
  readonly id: number;
}

/** The algorithm of the paper over a plain array, oldest first. */
class Reference {
  readonly items: { id: number; visited: boolean }[] = [];
  #hand: number | undefined;

  add(id: number): void {
    this.items.push({ id, visited: false });
  }

  visit(id: number): void {
    const item = this.items.find((one) => one.id === id);
    if (item) item.visited = true;
  }

  remove(id: number): void {
    const at = this.items.findIndex((one) => one.id === id);
    if (this.#hand === id) this.#hand = this.items[at + 1]?.id;
    this.items.splice(at, 1);
  }

  victim(): number | undefined {
    let at = this.items.findIndex(({ id }) => id === this.#hand);
    if (at < 0) at = 0;
    for (;;) {
      const item = this.items[at];
      if (!item?.visited) {
        this.#hand = item?.id;
        return item?.id;
      }
      item.visited = false;
      at = (at + 1) % this.items.length;
    }
  }
}

describe('SIEVE', () => {
  it('has no victim when it is empty', () => {
    expect(new Sieve<Node>().victim()).toBeUndefined();
  });

  it('keeps the order of the others when one between them goes', () => {
    const sieve = new Sieve<Node>();
    const [a, b, c] = [add(sieve, 1), add(sieve, 2), add(sieve, 3)];
    sieve.remove(b);
    for (const next of [a, c]) {
      expect(sieve.victim()).toBe(next);
      sieve.remove(next);
    }
    expect(sieve.victim()).toBeUndefined();
  });

  it('evicts the oldest that was not read', () => {
    const sieve = new Sieve<Node>();
    const [a, b, c] = [add(sieve, 1), add(sieve, 2), add(sieve, 3)];
    a.visited = true;
    expect(sieve.victim()).toBe(b);
    sieve.remove(b);
    expect(a.visited).toBe(false);
    // The hand goes on from where it was: what it has just spared has another round.
    expect(sieve.victim()).toBe(c);
    sieve.remove(c);
    expect(sieve.victim()).toBe(a);
  });

  it('comes to an end when everything was read', () => {
    const sieve = new Sieve<Node>();
    const nodes = [add(sieve, 1), add(sieve, 2), add(sieve, 3)];
    for (const node of nodes) node.visited = true;
    expect(sieve.victim()).toBe(nodes[0]);
  });

  it(`evicts what the algorithm over a plain list does (seed ${SEED})`, () => {
    const operation = fc.record({
      op: fc.constantFrom('add', 'add', 'visit', 'visit', 'remove', 'evict', 'evict'),
      pick: fc.nat(),
    });
    const operations = fc.array(operation, { maxLength: 200 });
    fc.assert(fc.property(operations, check), { seed: SEED, numRuns: 200 });
  });

  function check(operations: readonly { op: string; pick: number }[]): void {
    const sieve = new Sieve<Node>();
    const reference = new Reference();
    const nodes = new Map<number, Node>();
    let next = 0;
    for (const { op, pick } of operations) {
      const chosen = [...nodes.values()][pick % nodes.size];
      if (op === 'add') {
        nodes.set(next, add(sieve, next));
        reference.add(next++);
      } else if (op === 'evict') {
        const victim = sieve.victim();
        expect(victim?.id).toBe(reference.victim());
        if (victim) remove(victim);
      } else if (chosen && op === 'visit') {
        chosen.visited = true;
        reference.visit(chosen.id);
      } else if (chosen) {
        remove(chosen);
      }
    }

    function remove(node: Node): void {
      sieve.remove(node);
      reference.remove(node.id);
      nodes.delete(node.id);
    }
  }
});

function add(sieve: Sieve<Node>, id: number): Node {
  const node: Node = { id, visited: false, newer: undefined, older: undefined };
  sieve.add(node);
  return node;
}
