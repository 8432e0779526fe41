import type { ResponseCacheOptions } from '@glasswork/cache/http';
import { expect } from 'vitest';
import { URL_1, world } from '../helpers.js';

/** Required outcome of the second of two requests. */
type Outcome =
  /** It is answered from the cache. */
  | 'hit'
  /** It reaches the origin without a condition. */
  | 'load'
  /** It reaches the origin with the cache's validators. */
  | 'validate'
  /** It is answered from the cache with 304. */
  | 'not modified';

/** One exchange that is to be stored or not, and a second request that shows it. */
export interface Case {
  readonly name: string;
  /** Fields of the origin's first response, by default also of the others. */
  readonly response?: Record<string, string>;
  readonly status?: number;
  readonly method?: string;
  /** Fields of the first request, and by default of the second one. */
  readonly request?: Record<string, string>;
  readonly again?: Record<string, string>;
  readonly againMethod?: string;
  readonly url?: string;
  /** Seconds between the two requests. */
  readonly after?: number;
  /** How long the origin takes for its first response, seconds. */
  readonly delay?: number;
  /** The second answer of the origin. */
  readonly later?: { readonly status?: number; readonly response?: Record<string, string> };
  readonly options?: ResponseCacheOptions;
  readonly expect: Outcome;
  /** Fields of the second response. Null: absent. */
  readonly fields?: Record<string, string | null>;
  readonly secondStatus?: number;
  /** True if the second response has no body of the origin. */
  readonly isEmpty?: boolean;
}

const bodiless = new Set([204, 304]);

/** Runs one case, and checks what the second request got and what reached the origin. */
export async function run(given: Case): Promise<void> {
  const { response = {}, status = 200, method = 'GET', request = {}, after = 0 } = given;
  const { again = request, againMethod = 'GET', url = URL_1, later, options } = given;
  const made = world(options);
  made.origin = () => {
    const count = made.asked.length;
    if (count === 1) made.clock.advance((given.delay ?? 0) * 1000);
    const headers = count === 1 ? response : (later?.response ?? response);
    const answered = count === 1 ? status : (later?.status ?? status);
    const body = bodiless.has(answered) ? null : `body ${count}`;
    return new Response(body, { status: answered, headers });
  };
  const first = await made.send(new Request(URL_1, { method, headers: request }));
  await first.text();
  await made.cache.settled();
  made.clock.advance(after * 1000);
  const second = await made.send(new Request(url, { method: againMethod, headers: again }));
  const body = await second.text();
  await made.cache.settled();
  const [, reached] = made.asked;
  expect(outcomeOf(second, reached)).toBe(given.expect);
  if (given.expect === 'hit' && !given.isEmpty && againMethod === 'GET' && !bodiless.has(status))
    expect(body).toBe('body 1');
  if (given.secondStatus !== undefined) expect(second.status).toBe(given.secondStatus);
  for (const [name, value] of Object.entries(given.fields ?? {}))
    expect([name, second.headers.get(name)]).toEqual([name, value]);
}

function outcomeOf(second: Response, reached: Request | undefined): Outcome {
  if (reached) {
    const isConditional = ['if-none-match', 'if-modified-since'].some((name) =>
      reached.headers.has(name),
    );
    return isConditional ? 'validate' : 'load';
  }
  return second.status === 304 ? 'not modified' : 'hit';
}
