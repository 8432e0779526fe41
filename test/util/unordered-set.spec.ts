import { describe, expect, it } from 'vitest';
import { UnorderedSet } from '../../src/util/unordered-set.js';

const member = (name: string) => ({ name, place: 0 });
const names = (bag: UnorderedSet<ReturnType<typeof member>>) =>
  bag
    .all()
    .map(({ name }) => name)
    .sort();

describe('A bag', () => {
  it('holds what was added, until it is deleted', () => {
    const bag = new UnorderedSet<ReturnType<typeof member>>();
    const [a, b, c] = ['a', 'b', 'c'].map(member) as [
      ReturnType<typeof member>,
      ReturnType<typeof member>,
      ReturnType<typeof member>,
    ];
    for (const one of [a, b, c]) bag.add(one);
    expect(bag.size).toBe(3);
    bag.delete(a);
    expect(names(bag)).toEqual(['b', 'c']);
    bag.delete(c);
    bag.delete(b);
    expect(bag.size).toBe(0);
  });

  it('takes a second deletion for none', () => {
    const bag = new UnorderedSet<ReturnType<typeof member>>();
    const [a, b] = [member('a'), member('b')];
    bag.add(a);
    bag.add(b);
    bag.delete(a);
    bag.delete(a);
    expect(names(bag)).toEqual(['b']);
    bag.delete(b);
    bag.delete(b);
    expect(bag.size).toBe(0);
  });

  it('may change while its members are looked at', () => {
    const bag = new UnorderedSet<ReturnType<typeof member>>();
    for (const name of ['a', 'b', 'c', 'd']) bag.add(member(name));
    const seen: string[] = [];
    for (const one of bag.all()) {
      seen.push(one.name);
      bag.delete(one);
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    expect(bag.size).toBe(0);
  });
});
