import { invalid } from '../model/errors.js';

/** How `compressed` compresses. The payload names it, so values of all of them can be read. */
export type CompressionAlgorithm = 'gzip' | 'brotli' | 'zstd';

interface Algorithm {
  /** The byte that names it in a payload. */
  readonly letter: string;
  compress(bytes: Buffer): Buffer;
  /** Stops with an error as soon as the output has more than `most` bytes. */
  decompress(bytes: Buffer, most: number): Buffer;
}

/** Node has zstd from 22.15 and 23.8 on; the types here are those of Node 20. */
interface Zstd {
  zstdCompressSync?(bytes: Buffer): Buffer;
  zstdDecompressSync?(bytes: Buffer, options: { maxOutputLength: number }): Buffer;
}

/** Loaded on first use, because a cold start that compresses nothing need not wait for it. */
const zlib = (): typeof import('node:zlib') & Zstd => process.getBuiltinModule('node:zlib');

/** Brotli's quality from 0 to 11: at the default of 11 it takes a hundred times as long for a tenth less. */
const BROTLI_QUALITY = 4;

const ALGORITHMS: Readonly<Record<CompressionAlgorithm, Algorithm>> = {
  gzip: {
    letter: 'g',
    compress: (bytes) => zlib().gzipSync(bytes),
    decompress: (bytes, most) => zlib().gunzipSync(bytes, { maxOutputLength: most }),
  },
  brotli: {
    letter: 'b',
    compress(bytes) {
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib().constants;
      const params = {
        [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [BROTLI_PARAM_SIZE_HINT]: bytes.length,
      };
      return zlib().brotliCompressSync(bytes, { params });
    },
    decompress: (bytes, most) => zlib().brotliDecompressSync(bytes, { maxOutputLength: most }),
  },
  zstd: {
    letter: 'z',
    compress: (bytes) => needed(zlib().zstdCompressSync)(bytes),
    decompress: (bytes, most) =>
      needed(zlib().zstdDecompressSync)(bytes, { maxOutputLength: most }),
  },
};

function needed<F>(found: F | undefined): F {
  if (found) return found;
  throw new Error(`Node ${process.versions.node} has no zstd`);
}

/** @throws CacheError `INVALID_OPTION` for an unknown algorithm, or one that this Node version lacks. */
export function algorithmNamed(name: CompressionAlgorithm): Algorithm {
  const found = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (!found) throw invalid('algorithm', name, "'gzip', 'brotli' or 'zstd'");
  if (name === 'zstd' && !zlib().zstdCompressSync)
    throw invalid('algorithm', name, "'gzip' or 'brotli', because zstd needs Node 22.15 or later");
  return found;
}

export const algorithmOf = (letter: string): Algorithm | undefined =>
  Object.values(ALGORITHMS).find((one) => one.letter === letter);
