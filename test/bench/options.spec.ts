import { describe, expect, it, vi } from 'vitest';
import { isParseError, parseOptions } from '../../bench/options.js';
import { recordOf, sized, stringOf } from '../../bench/values.js';

const NAMES = ['cold', 'size', 'memory'] as const;
const parse = (...argv: string[]) => parseOptions(argv, NAMES);

describe('the options', () => {
  it('measures everything unless told otherwise', () => {
    expect(parse()).toEqual({ only: NAMES, json: false });
  });

  it('takes some figures in their own order, rounds, and JSON', () => {
    const argv = ['--only', 'memory,cold', '--rounds', '7', '--json'];
    expect(parse(...argv)).toEqual({ only: ['cold', 'memory'], rounds: 7, json: true });
  });

  it.each([
    [['--only', 'warm'], '"warm" is none of cold, size, memory'],
    [['--rounds', '0'], 'whole number'],
    [['--rounds', '1.5'], 'whole number'],
    [['--faster'], 'unknown option'],
    [['cold'], 'too many arguments'],
  ])('refuses %j', (argv, message) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    let thrown: unknown;
    try {
      parse(...argv);
    } catch (error) {
      thrown = error;
    }
    expect(isParseError(thrown)).toBe(true);
    expect(written.mock.calls.join()).toContain(message);
  });
});

describe('the values', () => {
  it.each([[746], [1024]])('has exactly %d bytes as JSON', (bytes) => {
    expect(JSON.stringify(recordOf(bytes))).toHaveLength(bytes);
  });

  it('counts the quotes of a string', () => {
    expect(JSON.stringify(stringOf(920))).toHaveLength(920);
  });

  it('refuses a value of another length', () => {
    expect(() => sized({ id: 1 }, 9)).toThrow('has 8 bytes');
  });
});
