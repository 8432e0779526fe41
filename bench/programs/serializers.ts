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
