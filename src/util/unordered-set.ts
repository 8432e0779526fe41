/**
 * A set without an order. Each member stores its own place in it. A `Set` would compute a hash for each new object,
 * which takes longer than everything else that the engine does for an operation in flight.
 */
export class UnorderedSet<T extends { place: number }> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Does nothing for an object that is not a member. */
  delete(member: T): void {
    const members = this.#members;
    if (members[member.place] !== member) return;
    // The list holds `member`, so it is not empty.
    const last = members.pop() as T;
    if (last === member) return;
    members[member.place] = last;
    last.place = member.place;
  }

  /** A copy of the current members, because the set may change while the caller iterates. */
  all(): readonly T[] {
    return this.#members.slice();
  }
}
