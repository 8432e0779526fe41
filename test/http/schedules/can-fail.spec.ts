import { afterEach, describe, expect, it, vi } from 'vitest';
import type * as filling from '../../../src/engine/loading/fills.js';
import type * as validating from '../../../src/engine/reading/entry-validator.js';
import type { VersionTracker } from '../../../src/engine/reading/version-tracker.js';
import type * as tagging from '../../../src/http/loading/response-tags.js';
import type * as outgoing from '../../../src/http/pages/outgoing.js';
import type * as naming from '../../../src/http/response-key.js';
import type * as judging from '../../../src/http/rules/judge.js';
import type * as varying from '../../../src/http/rules/vary.js';

/** Where a problem is expected, the seed is fixed: another one may find it later. */
const SEED = 300_000;
const MOST = 1_500;

interface Mutant {
  /** The module that is broken, and how. */
  readonly file: string;
  readonly broken: (original: never) => object;
  readonly finds: RegExp;
}

const mutant = <Module>(
  file: string,
  broken: (original: Module) => Partial<Module>,
  finds: RegExp,
): Mutant => ({ file, broken, finds });

/** Fills that carry the versions from after their load, so that no invalidation during the load is noticed. */
function fillingLate(Fills: typeof filling.Fills): typeof filling.Fills {
  return class extends Fills {
    readonly #versions: VersionTracker;

    constructor(parts: ConstructorParameters<typeof Fills>[0] & { versions?: VersionTracker }) {
      super(parts);
      this.#versions = parts.versions as VersionTracker;
    }

    override async write(fills: readonly filling.Fill[]): Promise<void> {
      const late = fills.map(async (fill) => {
        const names = fill.versions?.map(([name]) => [name] as const) ?? [];
        const versions = (await this.#versions.read(names)).flatMap(([name, version]) =>
          typeof version === 'string' ? [[name, version] as const] : [],
        );
        return { ...fill, versions: fill.versions && versions };
      });
      await super.write(await Promise.all(late));
    }
  };
}

/** Response caches, each with one of the rules of docs/responses.md broken. */
const MUTANTS: Readonly<Record<string, Mutant>> = {
  'the fence is off: a fill has the versions of its end': mutant<typeof filling>(
    'engine/loading/fills',
    ({ Fills }) => ({ Fills: fillingLate(Fills) }),
    /older than/,
  ),
  'a hit in this process is served without a check of its versions': mutant<typeof validating>(
    'engine/reading/entry-validator',
    () => ({ areInForce: () => true }),
    /older than/,
  ),
  'a variant answers for another': mutant<typeof varying>(
    'http/rules/vary',
    () => ({ hashOf: () => 'same', matches: () => true }),
    /^another variant/,
  ),
  'a private page is stored': mutant<typeof judging>(
    'http/rules/judge',
    ({ judge }) => ({
      judge(exchange, route) {
        const headers = new Headers(exchange.headers);
        headers.set('cache-control', 'max-age=60');
        return judge({ ...exchange, headers }, route);
      },
    }),
    /^(another user|a private response)/,
  ),
  'one key is of two URLs': mutant<typeof naming>(
    'http/response-key',
    () => ({ nameRequest: () => ({ key: 'http:=same' }) }),
    /^another URL/,
  ),
  'the tags of a response are not carried': mutant<typeof tagging>(
    'http/loading/response-tags',
    () => ({ carryTags: async () => new Map() }),
    /older than/,
  ),
  'a joined response is taken as it comes': mutant<typeof tagging>(
    'http/loading/response-tags',
    () => ({ isCarriedStill: async () => true }),
    /older than/,
  ),
  'the purge is forgotten': mutant<{ edgeTagsOf: () => string[] }>(
    'http/edge-tags',
    () => ({ edgeTagsOf: () => [] }),
    /^the edge kept/,
  ),
  'the edge keeps what has changed while it was loaded': mutant<typeof tagging>(
    'http/loading/response-tags',
    () => ({ isUnchanged: async () => true }),
    /^(pinned at the edge|the edge kept)/,
  ),
  'a stale response leaves as a fresh one': mutant<typeof outgoing>(
    'http/pages/outgoing',
    ({ respond }) => ({
      respond: (page, source, at) =>
        respond({ ...page, freshMs: Number.MAX_SAFE_INTEGER }, { ...source, state: 'fresh' }, at),
    }),
    /^fresh, but older/,
  ),
};

afterEach(() => {
  for (const { file } of Object.values(MUTANTS)) vi.doUnmock(`../../../src/${file}.js`);
  vi.resetModules();
});

describe('the random schedules find a response cache in which', () => {
  it.each(Object.entries(MUTANTS))('%s', async (_name, { file, broken, finds }) => {
    vi.resetModules();
    vi.doMock(`../../../src/${file}.js`, async (load) => {
      // The original has the type that the mutant was declared with.
      const original = (await load()) as never;
      return { ...(original as object), ...broken(original) };
    });
    const { runSchedule } = await import('./schedule.js');
    const problems: string[] = [];
    let runs = 0;
    while (!problems.some((problem) => finds.test(problem)) && runs < MOST)
      problems.push(...(await runSchedule(SEED + runs++)));
    expect(problems.find((problem) => finds.test(problem))).toMatch(finds);
  });
});
