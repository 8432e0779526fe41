import { describe, expect, it } from 'vitest';
import { run } from './case.js';
import { SECTION_3 } from './section-3.js';
import { SECTION_4 } from './section-4.js';
import { SECTION_5 } from './section-5.js';

const CASES = [...SECTION_3, ...SECTION_4, ...SECTION_5];

describe('RFC 9111', () => {
  it.each(CASES)('$name', run);

  it('has at least 150 cases of different names', () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
    expect(CASES.length).toBeGreaterThanOrEqual(150);
  });
});
