import { describe, expect, it } from 'vitest';
import { s3Keys } from '../../../src/stores/s3/keys.js';
import { globMatcher } from '../../../src/util/glob.js';
import { Random } from '../../model-checker/random.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const keys = s3Keys('shop/cache/');
const ALPHABET = [...'aAzZ09:/.=~%+ #\\*?é日😀\u0000\n', '\ud800', '\udc00'];

describe('the name of an object', () => {
  it.each<[string, string]>([
    ['user:1', 'shop/cache/v/user:1'],
    ['a/b c', 'shop/cache/v/a=2Fb=20c'],
    ['', 'shop/cache/v/=empty'],
    ['=empty', 'shop/cache/v/=3Dempty'],
    ['.', 'shop/cache/v/=2E'],
    ['..', 'shop/cache/v/=2E.'],
    ['é', 'shop/cache/v/=C3=A9'],
    ['\ud800', 'shop/cache/v/=ud800'],
    ['#tag:app:red', 'shop/cache/r/=23tag:app:red'],
    ['#prefix:app:', 'shop/cache/r/=23prefix:app:'],
    ['#lease:app:key', 'shop/cache/v/=23lease:app:key'],
    ['#key:#tag:mine', 'shop/cache/v/=23key:=23tag:mine'],
  ])('of %j is %s', (key, name) => {
    expect(keys.encode(key)).toBe(name);
    expect(keys.decode(name)).toBe(key);
  });

  it(`is one of plain characters, and short, and leads back to its key (SEED=${seed})`, () => {
    const random = new Random(seed);
    const seen = new Map<string, string>();
    for (let i = 0; i < 5_000; i++) {
      const length = random.chance(0.05) ? random.below(400) : random.below(12);
      const key = Array.from({ length }, () => random.pick(ALPHABET)).join('');
      const name = keys.encode(key);
      expect(name).toMatch(/^shop\/cache\/[vr]\/[A-Za-z0-9_.:@=-]*$/);
      expect(name.length).toBeLessThanOrEqual('shop/cache/v/'.length + 230);
      expect(seen.get(name) ?? key).toBe(key);
      seen.set(name, key);
      expect(keys.decode(name)).toBe(name.includes('==') ? null : key);
      const start = key.slice(0, random.below(key.length + 1));
      const pattern = `${start.replace(/[*?\\]/g, '\\$&')}*`;
      if (globMatcher(pattern)(key))
        expect(keys.starts(pattern).some((each) => name.startsWith(each))).toBe(true);
    }
  });

  it('of a key of 5 KB is its readable start and a hash', () => {
    const [a, b] = [`report:${'x'.repeat(5_000)}a`, `report:${'x'.repeat(5_000)}b`];
    expect(keys.encode(a)).toMatch(/^shop\/cache\/v\/report:x{143}==[0-9a-f]{64}$/);
    expect(keys.encode(a)).not.toBe(keys.encode(b));
  });

  it.each([
    'shop/cache/notes.txt',
    'shop/cache/v/a b',
    'shop/cache/v/=2f',
    'shop/cache/x/a',
    'v/a',
  ])('is not %s, which another program wrote', (name) => {
    expect(keys.decode(name)).toBeUndefined();
  });
});
