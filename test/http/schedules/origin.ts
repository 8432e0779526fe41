import type { Random } from '../../model-checker/random.js';

/** A body's facts about its response, for the oracle. */
export interface Content {
  readonly path: string;
  /** The version of the data that it shows. */
  readonly version: number;
  readonly variant: string | null;
  readonly user: string | null;
  readonly isPrivate: boolean;
}

export const PATHS = [
  '/plain',
  '/varied',
  '/later',
  '/public',
  '/mixed',
  '/streamed',
  '/short',
] as const;
export type Path = (typeof PATHS)[number];

/** A database with one counter for each path, and an origin that reads it and takes its time. */
export class Site {
  readonly versions = new Map<string, number>(PATHS.map((path) => [path, 1]));
  readonly #random: Random;
  readonly #failing: number;

  constructor(random: Random, failing: number) {
    this.#random = random;
    this.#failing = failing;
  }

  update(path: Path): number {
    const version = (this.versions.get(path) ?? 0) + 1;
    this.versions.set(path, version);
    return version;
  }

  async answer(request: Request, tagHeader: string): Promise<Response> {
    const random = this.#random;
    const path = new URL(request.url).pathname;
    // The data are read first, and the response is made of them much later.
    const version = this.versions.get(path) ?? 0;
    await sleep(random.below(400));
    if (random.chance(this.#failing)) return new Response('failed', { status: 503 });
    if (request.method === 'POST') return new Response('done');
    const { headers } = request;
    const isPrivate = path === '/mixed' && version % 3 === 0;
    // The header by which it varies appears later, and goes again.
    const isVaried = path === '/varied' || (path === '/later' && version % 2 === 0);
    const variant = isVaried ? headers.get('x-variant') : null;
    const user = isPrivate ? headers.get('x-user') : null;
    const content: Content = { path, version, variant, user, isPrivate };
    const fields = new Headers({
      [tagHeader]: `tag:${path},all`,
      'cache-control': freshness(path),
    });
    if (isPrivate) fields.set('cache-control', 'private, max-age=60');
    if (isVaried) fields.set('vary', 'x-variant');
    const etag = `"${JSON.stringify(content).replaceAll('"', "'")}"`;
    fields.set('etag', etag);
    if (headers.get('if-none-match') === etag && !isPrivate)
      return new Response(null, { status: 304, headers: fields });
    const text = JSON.stringify(content);
    return new Response(path === '/streamed' ? slowly(text, random) : text, { headers: fields });
  }
}

function freshness(path: string): string {
  if (path === '/short') return 'max-age=1, stale-while-revalidate=2, stale-if-error=20';
  if (path === '/public') return 'public, s-maxage=20, stale-while-revalidate=20';
  return 'max-age=20, stale-while-revalidate=20, stale-if-error=60';
}

/** A body in two parts, the second after a while. */
function slowly(text: string, random: Random): ReadableStream<Uint8Array> {
  const half = text.length >> 1;
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(text.slice(0, half)));
      await sleep(random.below(200));
      controller.enqueue(new TextEncoder().encode(text.slice(half)));
      controller.close();
    },
  });
}

/** In the virtual time of the schedule. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
