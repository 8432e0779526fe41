import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addEdgeHeader,
  type EdgeTagProblem,
  edgeTagCheck,
  edgeTagCollisions,
  edgeTagHeader,
  edgeTagOfKey,
  edgeTagOfPrefix,
  edgeTagOfTag,
  edgeTagsOf,
  edgeTagsOfResponse,
  isEdgeHeader,
} from '../../src/http/edge-tags.js';

/** Any UTF-16 text, lone surrogates included, short and beyond the limit, and text that looks like our own names. */
const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 90 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.string({ minLength: 240, maxLength: 300 }),
  fc.constantFrom(
    '~key:a',
    '~tag:a',
    '~all',
    '~prefix:',
    'key:a',
    '%2c',
    ',',
    '',
    '~key~:',
    'A',
    'a',
  ),
);

describe('the edge tag of a name', () => {
  it.each([
    ['user:1', 'user:1'],
    ['User:1', 'User:1'],
    ['a*', 'a*'],
    ['rot, grün', '~tag:rot%2c%20gr%fcn'],
    ['~key:a', '~tag:~key:a'],
    ['', '~tag:'],
    ['ł', '~tag:%u0142'],
  ])('of the tag "%s" is %s', (tag, edgeTag) => {
    expect(edgeTagOfTag(tag)).toBe(edgeTag);
  });

  it('has no upper case if it is of a key or a prefix, because edges ignore case', () => {
    expect(edgeTagOfKey('GET /a')).toBe('~key:%47%45%54%20/a');
    expect(edgeTagOfPrefix('App')).toBe('~prefix:%41pp');
    expect(edgeTagOfPrefix(undefined)).toBe('~prefix:');
  });

  it('keeps the limits of CloudFront, whatever the name', () => {
    const legal = /^[!-+\--~]{1,256}$/;
    fc.assert(
      fc.property(names, (name) => {
        expect(edgeTagOfTag(name)).toMatch(legal);
        expect(edgeTagOfKey(name)).toMatch(legal);
        expect(edgeTagOfPrefix(name)).toMatch(legal);
      }),
    );
  });

  it('is of one key alone, also without case, and of no tag', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const same = edgeTagOfKey(one).toLowerCase() === edgeTagOfKey(other).toLowerCase();
        expect(same).toBe(one === other);
        expect(edgeTagOfTag(one)).not.toBe(edgeTagOfKey(other));
        expect(edgeTagOfTag(one)).not.toBe(edgeTagOfPrefix(other));
      }),
    );
  });

  it('is of one tag alone, but for case', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(edgeTagOfTag(one) === edgeTagOfTag(other)).toBe(one === other);
        const folded = edgeTagOfTag(one).toLowerCase() === edgeTagOfTag(other).toLowerCase();
        if (folded) expect(one.toLowerCase()).toBe(other.toLowerCase());
      }),
    );
  });

  it('of a long name begins readably, and is no name that somebody could choose', () => {
    const key = `get /${'a'.repeat(300)}`;
    const edgeTag = edgeTagOfKey(key);
    expect(edgeTag).toMatch(/^~key~:get%20\/a+~[0-9a-f]{64}$/);
    expect(edgeTagOfKey(edgeTag.slice('~key~:'.length))).not.toBe(edgeTag);
    expect(edgeTagOfTag(edgeTag)).not.toBe(edgeTag);
  });
});

describe('the edge tags of a response', () => {
  it('are purged by what concerns it', () => {
    const response = edgeTagsOfResponse('GET /users', 'app', ['users', 'Ü']);
    const purged = (what: Parameters<typeof edgeTagsOf>[0]) =>
      edgeTagsOf(what).some((edgeTag) => response.includes(edgeTag));
    expect(purged({ keys: ['other', 'GET /users'] })).toBe(true);
    expect(purged({ tags: ['Ü'] })).toBe(true);
    expect(purged({ pattern: 'GET *' })).toBe(true);
    expect(purged({ prefix: 'app' })).toBe(true);
    expect(purged({ keys: ['GET /users/1'] })).toBe(false);
    expect(purged({ tags: ['GET /users', 'user'] })).toBe(false);
    expect(purged({ prefix: undefined })).toBe(false);
    expect(purged({ prefix: 'ap' })).toBe(false);
  });

  it('begin with the own ones, and name each once', () => {
    const tags = edgeTagsOfResponse('k', undefined, ['a', 'a', 'b']);
    expect(tags).toEqual(['~all', '~prefix:', '~key:k', 'a', 'b']);
    expect(edgeTagHeader('cache-tag', tags)).toBe('~all,~prefix:,~key:k,a,b');
    expect(edgeTagHeader('Surrogate-Key', tags)).toBe('~all ~prefix: ~key:k a b');
  });
});

describe('tags that differ only in case', () => {
  it('are found once, across responses', () => {
    const collisions = edgeTagCollisions();
    expect(collisions(['User', 'Ü'])).toEqual([]);
    expect(collisions(['user', 'ü'])).toEqual([{ tag: 'user', other: 'User' }]);
    expect(collisions(['user', 'User'])).toEqual([]);
    expect(collisions(['USER', 'x', 'X'])).toEqual([
      { tag: 'USER', other: 'User' },
      { tag: 'X', other: 'x' },
    ]);
  });
});

describe('the check of tags', () => {
  const checking = () => {
    const problems: EdgeTagProblem[] = [];
    return { problems, check: edgeTagCheck((problem) => problems.push(problem)) };
  };
  const tagsOf = (count: number) => Array.from({ length: count }, (_, i) => `tag${i}`);

  it('lets an edge keep a response with as many tags as it keeps', () => {
    const { problems, check } = checking();
    expect(check('k', 'app', tagsOf(47))).toBe(true);
    expect(check('k', 'app', [...tagsOf(47), ...tagsOf(47)])).toBe(true);
    expect(problems).toEqual([]);
    expect(edgeTagsOfResponse('k', 'app', tagsOf(47))).toHaveLength(50);
  });

  it('lets it keep none with more, because a purge of the rest would not find it', () => {
    const { problems, check } = checking();
    expect(check('k', 'app', tagsOf(48))).toBe(false);
    expect(check('k', 'app', tagsOf(48))).toBe(false);
    expect(problems).toEqual([
      { type: 'edge-tags', key: 'k', reason: 'too-many', tags: tagsOf(48) },
    ]);
  });

  it('reports tags that differ only in case, which an edge may keep', () => {
    const { problems, check } = checking();
    expect(check('k', undefined, ['User'])).toBe(true);
    expect(check('l', undefined, ['user'])).toBe(true);
    expect(check('l', undefined, ['user'])).toBe(true);
    expect(problems).toEqual([
      { type: 'edge-tags', key: 'l', reason: 'collision', tags: ['User', 'user'] },
    ]);
  });
});

it('knows the header that a distribution was given', () => {
  expect(isEdgeHeader('Cache-Tag')).toBe(true);
  expect(isEdgeHeader('x-own-tags')).toBe(false);
  addEdgeHeader('X-Own-Tags');
  expect(isEdgeHeader('x-own-tags')).toBe(true);
});
