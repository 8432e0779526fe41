import { describe, expect, it } from 'vitest';
import {
  type EdgeTagProblem,
  edgeTagCheck,
  edgeTagCollisions,
  edgeTagOfKey,
  edgeTagOfTag,
  edgeTagsOfResponse,
} from '../../src/http/edge-tags.js';

const tags = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);

describe('an edge tag', () => {
  it('is the tag itself up to 256 characters', () => {
    expect(edgeTagOfTag('x'.repeat(256))).toBe('x'.repeat(256));
    expect(edgeTagOfTag('x'.repeat(257))).toMatch(/^~tag~:x+~[\w-]+$/);
    expect(edgeTagOfTag('x'.repeat(257))).toHaveLength(256);
  });

  it('of a key is readable up to 256 characters', () => {
    const key = 'x'.repeat(256 - '~key:'.length);
    expect(edgeTagOfKey(key)).toBe(`~key:${key}`);
    expect(edgeTagOfKey(`${key}x`)).toMatch(/^~key~:/);
  });

  it('escapes by code unit', () => {
    expect(edgeTagOfTag('~a')).not.toBe('~a');
    expect(edgeTagOfTag('a,b')).toBe('~tag:a%2cb');
    expect(edgeTagOfTag('\xff')).toBe('~tag:%ff');
    expect(edgeTagOfTag('\u0100')).toBe('~tag:%u0100');
    expect(edgeTagOfTag('\t')).toBe('~tag:%09');
    expect(edgeTagOfTag('\u{1f600}')).toBe('~tag:%ud83d%ude00');
  });
});

describe('the tags of a response', () => {
  const checked = () => {
    const problems: EdgeTagProblem[] = [];
    return { problems, fits: edgeTagCheck((problem) => void problems.push(problem)) };
  };

  it('are at most 50 with the own three', () => {
    const { problems, fits } = checked();
    expect(edgeTagsOfResponse('k', undefined, tags(47))).toHaveLength(50);
    expect(fits('k', undefined, tags(47))).toBe(true);
    expect(fits('k', undefined, [...tags(47), 't0'])).toBe(true);
    expect(problems).toEqual([]);
    expect(fits('k', undefined, tags(48))).toBe(false);
    expect(fits('k', undefined, tags(48))).toBe(false);
    expect(problems).toEqual([{ type: 'edge-tags', key: 'k', reason: 'too-many', tags: tags(48) }]);
    expect(fits('other', undefined, tags(48))).toBe(false);
    expect(problems).toHaveLength(2);
  });

  it('that are too many are told again once 10,000 other keys had too many', () => {
    const { problems, fits } = checked();
    const many = tags(48);
    for (let i = 0; i < 10_000; i++) fits(`k${i}`, undefined, many);
    fits('k0', undefined, many);
    expect(problems).toHaveLength(10_000);
    fits('k10000', undefined, many);
    fits('k0', undefined, many);
    expect(problems).toHaveLength(10_002);
  });

  it('that differ only in case are told once, until 10,000 others are known', () => {
    const collisions = edgeTagCollisions();
    expect(collisions(['a', 'b'])).toEqual([]);
    expect(collisions(['A', 'A'])).toEqual([{ tag: 'A', other: 'a' }]);
    expect(collisions(['A'])).toEqual([]);
    for (let i = 0; i < 9_997; i++) collisions([`x${i}`]);
    expect(collisions(['A'])).toEqual([]);
    expect(collisions(['B'])).toEqual([]);
    expect(collisions(['c', 'C'])).toEqual([{ tag: 'C', other: 'c' }]);
  });
});
