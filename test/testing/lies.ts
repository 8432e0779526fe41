import type { CacheStore } from '../../src/model/cache-store.js';
import type { SyncSerializer } from '../../src/serializers/serializer.js';
import { MemoryCacheStore } from '../../src/stores/memory/memory-cache-store.js';
import {
  type ConformanceCase,
  type ConformanceSubject,
  createVirtualClock,
} from '../../src/testing/index.js';

/** One call of a case: of the store, of another instance, of one with a serializer, or of the time. */
interface Call {
  readonly method: string;
  readonly answer: unknown;
}

/** The wrong behaviour of one call. */
type Lie = (run: () => unknown) => unknown;

/** A case makes more calls than this only to try many keys, whose calls are alike. */
const ENDS = 8;

/**
 * The lies that a case does not notice, with their numbers. It runs once for each call of an honest run, on a memory
 * store that is honest but in this call: it gives a wrong answer, or the right one without doing anything.
 */
export async function unnoticedLies(one: ConformanceCase): Promise<Record<string, number>> {
  const honest = await run(one);
  const unnoticed: Record<string, number> = {};
  for (const [at, call] of honest.entries()) {
    if (at >= ENDS && at < honest.length - ENDS) continue;
    for (const [name, lie] of liesAbout(call)) {
      const noticed = await run(one, at, lie).then(
        () => false,
        () => true,
      );
      if (!noticed) unnoticed[name] = (unnoticed[name] ?? 0) + 1;
    }
  }
  return unnoticed;
}

function liesAbout({ method, answer }: Call): [name: string, lie: Lie][] {
  const wrong = (changed: (answer: unknown) => unknown): [string, Lie] => [
    `answer of ${method}`,
    (run) => {
      const answer = run();
      return answer instanceof Promise ? answer.then(changed) : changed(answer);
    },
  ];
  const idle: [string, Lie] = [
    `effect of ${method}`,
    () => (method === 'advance' ? undefined : Promise.resolve(answer)),
  ];
  switch (method) {
    case 'get':
    case 'has':
    case 'copy':
    case 'getIfPresent':
      return [wrong(other)];
    case 'getMany':
      return [
        wrong((all) => {
          // The type of an answer of `getMany`.
          const [first, ...others] = all as unknown[];
          return [other(first), ...others];
        }),
      ];
    case 'getVersioned':
      return [wrong((read) => ({ ...(read as object), value: other(valueIn(read)) }))];
    case 'add':
    case 'setIfUnchanged':
    case 'delByPattern':
      return answer ? [wrong(other), idle] : [wrong(other)];
    case 'advance':
    case 'setMany':
    case 'del':
    case 'delMany':
    case 'clear':
      return [idle];
    default:
      return [];
  }
}

const valueIn = (read: unknown): unknown => (read as { readonly value: unknown }).value;

function other(answer: unknown): unknown {
  if (typeof answer === 'boolean') return !answer;
  if (typeof answer === 'number') return -answer - 1;
  return answer === undefined ? 'a lie' : undefined;
}

/** The calls that a case made. */
async function run(one: ConformanceCase, at = -1, lie?: Lie): Promise<Call[]> {
  const calls: Call[] = [];
  const clock = createVirtualClock();
  const told = (method: string, run: () => unknown): unknown => {
    const n = calls.push({ method, answer: undefined }) - 1;
    const note = (answer: unknown) => {
      calls[n] = { method, answer };
      return answer;
    };
    const answer = n === at && lie ? lie(run) : run();
    return answer instanceof Promise ? answer.then(note) : note(answer);
  };
  const over = (store: CacheStore): CacheStore =>
    new Proxy(store, {
      get(target, name) {
        const member = target[name as keyof CacheStore];
        if (typeof member !== 'function') return member;
        // Each member takes what the case gives it.
        const call = member.bind(target) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => told(String(name), () => call(...args));
      },
    });
  const shared = new MemoryCacheStore({ clock });
  const subject: ConformanceSubject = {
    store: over(shared),
    another: over(shared),
    withSerializer: (serializer) =>
      over(new MemoryCacheStore({ clock, serializer: serializer as SyncSerializer })),
    advance: (ms) => void told('advance', () => clock.advance(ms)),
    exactTime: true,
  };
  await one.run(subject);
  return calls;
}
