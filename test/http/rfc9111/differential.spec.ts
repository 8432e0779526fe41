import CachePolicy from 'http-cache-semantics';
import { describe, expect, it } from 'vitest';
import { Random } from '../../model-checker/random.js';
import { seed } from '../../model-checker/settings.js';
import { at, START, URL_1, world } from '../helpers.js';

const CASES = 4_000;

type Fields = Record<string, string>;

interface Exchange {
  readonly request: Fields;
  readonly again: Fields;
  readonly status: number;
  readonly response: Fields;
  /** Seconds until the second request. */
  readonly after: number;
}

const DIRECTIVES = [
  ...['max-age=0', 'max-age=10', 'max-age=60', 's-maxage=0', 's-maxage=10', 's-maxage=60'],
  ...['public', 'private', 'no-store', 'no-cache', 'must-revalidate', 'proxy-revalidate'],
  ...['immutable', 'max-age="10"', 'max-age=x', 'private="x-a"', 'no-transform', 'x-own="a"'],
];
const STATUSES = [200, 200, 200, 203, 204, 301, 302, 307, 308, 404, 410, 418, 500, 503];

/** A random exchange. Most of its fields are absent, so that some responses are stored. */
function exchange(random: Random): Exchange {
  const some = <T>(chance: number, pick: () => T): T[] => (random.chance(chance) ? [pick()] : []);
  const value = () => random.pick(['a', 'b']);
  const headers = (): Fields => ({
    ...some(0.2, () => ['x-a', value()] as const).reduce(add, {}),
    ...some(0.15, () => ['authorization', value()] as const).reduce(add, {}),
  });
  const directives = Array.from({ length: random.below(4) }, () => random.pick(DIRECTIVES));
  const fields: [chance: number, name: string, values: readonly string[]][] = [
    [0.2, 'expires', [at(0), at(10), at(60), '0', 'soon', at(-10)]],
    [0.2, 'date', [at(0), at(-5), at(5)]],
    [0.2, 'age', ['0', '5', '30', '-1', 'x']],
    [0.2, 'vary', ['x-a', 'X-A', 'x-b', '*']],
    [0.15, 'set-cookie', ['a=1']],
    [0.05, 'pragma', ['no-cache']],
  ];
  const response = Object.fromEntries(
    fields.flatMap(([chance, name, values]) => some(chance, () => [name, random.pick(values)])),
  );
  if (directives.length > 0) response['cache-control'] = directives.join(', ');
  const [request, again] = [headers(), headers()];
  const after = random.pick([0, 4, 9, 20, 70]);
  return { request, again, status: random.pick(STATUSES), response, after };
}

const add = (all: Fields, [name, value]: readonly [string, string]): Fields => ({
  ...all,
  [name]: value,
});

/** True if the second request is answered without the origin. */
async function ours({ request, again, status, response, after }: Exchange): Promise<boolean> {
  const made = world();
  const body = status === 204 ? null : 'body';
  made.origin = () => new Response(body, { status, headers: response });
  await (await made.get(request)).text();
  made.clock.advance(after * 1000);
  await (await made.get(again)).text();
  return made.asked.length === 1;
}

/** http-cache-semantics' verdict, as a shared cache without heuristic freshness. */
function theirs({ request, again, status, response, after }: Exchange): boolean {
  let now = START;
  class Policy extends CachePolicy {
    now(): number {
      return now;
    }
  }
  const asked = (headers: Fields) => ({ url: URL_1, method: 'GET', headers });
  const options = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 };
  const policy = new Policy(asked(request), { status, headers: response }, options);
  now += after * 1000;
  return policy.storable() && policy.satisfiesWithoutRevalidation(asked(again));
}

/** Every disagreement that is meant, and why. The first that fits explains it. */
const EXPLAINED: readonly { ours: boolean; why: string; of: (given: Exchange) => boolean }[] = [
  {
    ours: false,
    why: 'Set-Cookie is never stored, not even with public or immutable (design: private by default)',
    of: ({ response }) => 'set-cookie' in response,
  },
  {
    ours: false,
    why: 'a negative Age is invalid; to the library it makes a response without any freshness fresh',
    of: ({ response }) => response.age === '-1',
  },
  {
    ours: false,
    why: 'of a repeated directive the smallest number counts (RFC 9111, section 4.2.1); the library takes the last one',
    of: ({ response }) => /(s-maxage|max-age).*\b\1/.test(response['cache-control'] ?? ''),
  },
  {
    ours: true,
    why: 'the same, where the last one is no number or another: the library has it stale',
    of: ({ response }) => /(s-maxage|max-age).*\b\1/.test(response['cache-control'] ?? ''),
  },
  {
    ours: false,
    why: 'the Date of the response counts as age (RFC 9111, section 4.2.3, apparent_age); the library leaves it out',
    of: ({ response }) => response.date === at(-5),
  },
  {
    ours: false,
    why: 'a request with Authorization gets a stored response only if that says so (design); by RFC 9111 only storing needs it',
    of: ({ again, response }) =>
      'authorization' in again &&
      !/public|s-maxage|must-revalidate/.test(response['cache-control'] ?? ''),
  },
  {
    ours: true,
    why: 'must-revalidate forbids stale responses only (RFC 9111, section 5.2.2.2); the library revalidates fresh ones, too',
    of: ({ response }) => /must-revalidate/.test(response['cache-control'] ?? ''),
  },
  {
    ours: true,
    why: 'proxy-revalidate is the same for shared caches (section 5.2.2.8); the library has the response stale',
    of: ({ response }) => /proxy-revalidate/.test(response['cache-control'] ?? ''),
  },
  {
    ours: true,
    why: 'explicit freshness allows any final status but 206, 304 and 5xx (section 3); the library knows a list',
    of: ({ status }) => status === 418,
  },
];

describe('http-cache-semantics, as another reading of RFC 9111', () => {
  it(`agrees about ${CASES} random exchanges, or the disagreement is explained (seed ${seed})`, async () => {
    const random = new Random(seed);
    const used = new Set<string>();
    let hits = 0;
    for (let i = 0; i < CASES; i++) {
      const given = exchange(random);
      const [our, their] = [await ours(given), theirs(given)];
      if (our && their) hits++;
      if (our === their) continue;
      const why = EXPLAINED.find((each) => each.ours === our && each.of(given))?.why;
      expect({ given, ours: our, theirs: their, why }).toMatchObject({ why: expect.any(String) });
      used.add(why ?? '');
    }
    expect(hits).toBeGreaterThan(CASES / 100);
    // An explanation that explains nothing would hide the next fault.
    expect(EXPLAINED.map(({ why }) => why).filter((why) => !used.has(why))).toEqual([]);
  });
});
