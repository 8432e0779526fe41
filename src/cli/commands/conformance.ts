import type { Command } from 'commander';
import type { CacheStore } from '../../model/cache-store.js';
import { pause } from '../../model/time.js';
import { storeCommand } from '../command.js';
import { EXIT, UsageError } from '../exit.js';
import { countText } from '../format.js';
import type { Place } from '../options.js';
import { errorText } from '../report-error.js';
import { openStore } from '../target/open.js';
import type { Target } from '../target/target.js';

/** An eventually consistent read may be this old, milliseconds. */
const LAG_MS = { dynamodb: 1_000, redis: 0, s3: 0 } as const;

interface Outcome {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly why?: string;
}

export const conformanceCommand = () =>
  storeCommand<{ yes?: boolean; case?: string }>({
    usage: 'conformance',
    description:
      'Run the suite that every store must pass on a real table, server or bucket, with keys of its own that it removes. It takes minutes, and on AWS it costs a few thousand requests. Exits with 1 if a case fails.',
    examples: ['glasswork-cache conformance --table dev-cache --endpoint http://localhost:8000'],
    options(command: Command) {
      command.option('--case <text>', 'only cases whose name has this text');
    },
    async run({ options, terminal, target }) {
      // A store that cannot be read fails here, and not in each case.
      await target.store.get(target.keys.key('conformance'));
      const { casesFor } = await import('../../testing/index.js');
      const written = new Set<string>();
      // A table has no prefix.
      const place: Place = { ...options, storePrefix: throwAway(target.kind, options) };
      const open = async () =>
        limited((await openStore(target.kind, place)).store, target.kind, written);
      const { cases, skipped } = casesFor({ ...(await subject(open)), advance: pause });
      const { case: part = '' } = options;
      const chosen = cases.filter(({ name }) => name.includes(part));
      if (chosen.length === 0)
        throw new UsageError(
          `No case of this store has "${part}" in its name: give another --case.`,
        );
      const outcomes: Outcome[] = skipped
        .filter(({ name }) => name.includes(part))
        .map(({ name, reason }) => ({ name, outcome: 'skipped', why: reason }));
      const { colors } = terminal;
      for (const { name, run } of chosen) {
        const { store, another } = await subject(open);
        const error = await run({
          store,
          another,
          advance: pause,
          lagMs: LAG_MS[target.kind],
        }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        await Promise.allSettled([store.close?.(), another.close?.()]);
        const outcome: Outcome =
          error === undefined
            ? { name, outcome: 'passed' }
            : { name, outcome: 'failed', why: errorText(error) };
        outcomes.push(outcome);
        const mark = error === undefined ? colors.green('ok  ') : colors.red('FAIL');
        if (!terminal.json)
          await terminal.write(`${mark}  ${name}${outcome.why ? `\n      ${outcome.why}` : ''}\n`);
      }
      await remove(target, await open(), written);
      const of = (kind: Outcome['outcome']) =>
        outcomes.filter(({ outcome }) => outcome === kind).length;
      if (terminal.json)
        await terminal.write(
          `${JSON.stringify({ passed: of('passed'), failed: of('failed'), skipped: of('skipped'), cases: outcomes }, null, 2)}\n`,
        );
      else
        await terminal.write(
          `\n${countText(of('passed'), 'case')} passed, ${of('failed')} failed, ${of('skipped')} skipped\n`,
        );
      return of('failed') === 0 ? EXIT.done : EXIT.no;
    },
  });

/** Below the store's own prefix, where a policy or an ACL for that prefix allows it. */
const throwAway = (kind: Target['kind'], { storePrefix = 'cache' }: Place): string => {
  const own = `conformance-${crypto.randomUUID()}`;
  return kind === 's3' ? `${storePrefix}/${own}` : `${storePrefix.replace(/:$/, '')}:${own}`;
};

const subject = async (open: () => Promise<CacheStore>) => ({
  store: await open(),
  another: await open(),
});

/**
 * The store, whose written keys are noted. A table is shared with services, so `clear` and patterns, which concern all
 * of its keys, are hidden there; on Redis and S3 the throw-away prefix holds nothing else.
 */
function limited(store: CacheStore, kind: Target['kind'], written: Set<string>): CacheStore {
  const hidden = kind === 'dynamodb' ? ['clear', 'delByPattern'] : [];
  return new Proxy(store, {
    get(target, name) {
      if (hidden.includes(String(name))) return undefined;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        note(written, args[0]);
        return member.apply(target, args);
      };
    },
  });
}

function note(written: Set<string>, keys: unknown): void {
  for (const key of Array.isArray(keys) ? keys : [keys]) {
    if (typeof key === 'string') written.add(key);
    else if (typeof Object(key).key === 'string') written.add(Object(key).key);
  }
}

async function remove({ kind }: Target, store: CacheStore, written: Set<string>): Promise<void> {
  try {
    if (kind === 'dynamodb') await store.delMany?.([...written]);
    else await store.clear?.();
  } finally {
    await store.close?.();
  }
}
