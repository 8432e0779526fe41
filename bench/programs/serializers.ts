import {
  type CompressionAlgorithm,
  compressed,
  encrypted,
  jsonSerializer,
  type SyncSerializer,
  structuredSerializer,
} from '@glasswork/cache';
import { catalogue, mixed, plain } from '../catalogue.js';
import { answerParent, type Cost, startCost } from './answer.js';

const VALUES = { catalogue: catalogue(), mixed: mixed(), plain: plain() };

const of = (algorithm: CompressionAlgorithm) => () => compressed(jsonSerializer, { algorithm });

/** Made when they are asked for, because not every Node has zstd. */
const SERIALIZERS: Readonly<Record<string, () => SyncSerializer>> = {
  json: () => jsonSerializer,
  structured: () => structuredSerializer,
  gzip: of('gzip'),
  brotli: of('brotli'),
  zstd: of('zstd'),
  encrypted: () => encrypted(jsonSerializer, { keys: { bench: new Uint8Array(32) } }),
};

interface What {
  readonly serializer: string;
  readonly value: keyof typeof VALUES;
  readonly calls: number;
}

const made = ({ serializer }: Pick<What, 'serializer'>): SyncSerializer => {
  const make = SERIALIZERS[serializer];
  if (!make) throw new Error(`no serializer ${serializer}`);
  return make();
};

export type TypesContestant = `${'json' | 'mixed' | 'plain'}${'Write' | 'Read'}`;

interface Turns {
  readonly turns: number;
  readonly warmUp: number;
  readonly calls: number;
}

function turnsOf<N extends string>(
  contestants: Record<N, () => unknown>,
  { turns, warmUp, calls }: Turns,
): Record<N, number[]> {
  const names = Object.keys(contestants) as N[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    N,
    number[]
  >;
  for (let turn = -warmUp; turn < turns; turn++) {
    for (const name of names) {
      const cost = startCost(calls);
      for (let call = 0; call < calls; call++) contestants[name]();
      if (turn >= 0) samples[name].push(cost().cpuUs);
    }
  }
  return samples;
}

const calls = {
  /** Bytes of the output, or undefined where this Node has no such algorithm. */
  size({ serializer, value }: Omit<What, 'calls'>): number | undefined {
    try {
      return Buffer.byteLength(made({ serializer }).serialize(VALUES[value], 'key'));
    } catch {
      return undefined;
    }
  },

  write(what: What): Cost {
    const serializer = made(what);
    const cost = startCost(what.calls);
    for (let call = 0; call < what.calls; call++) serializer.serialize(VALUES[what.value], 'key');
    return cost();
  },

  /**
   * Writes and reads by both serializers, in turns within one process and few calls a turn, so that the speed of the
   * machine and the state of the heap are the same for all. Processor time of a call of each, one number a turn.
   */
  types({ turns, warmUp, calls }: Turns): Record<TypesContestant, number[]> {
    const json = jsonSerializer.serialize(VALUES.plain, 'key');
    const structured = structuredSerializer.serialize(VALUES.mixed, 'key');
    const same = structuredSerializer.serialize(VALUES.plain, 'key');
    const contestants: Record<TypesContestant, () => unknown> = {
      jsonWrite: () => jsonSerializer.serialize(VALUES.plain, 'key'),
      mixedWrite: () => structuredSerializer.serialize(VALUES.mixed, 'key'),
      plainWrite: () => structuredSerializer.serialize(VALUES.plain, 'key'),
      jsonRead: () => jsonSerializer.deserialize(json, 'key'),
      mixedRead: () => structuredSerializer.deserialize(structured, 'key'),
      plainRead: () => structuredSerializer.deserialize(same, 'key'),
    };
    return turnsOf(contestants, { turns, warmUp, calls });
  },

  read(what: What): Cost {
    const serializer = made(what);
    const raw = serializer.serialize(VALUES[what.value], 'key');
    const cost = startCost(what.calls);
    for (let call = 0; call < what.calls; call++) serializer.deserialize(raw, 'key');
    return cost();
  },
};
export type SerializerCalls = typeof calls;

answerParent(calls);
