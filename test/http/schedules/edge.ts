import type { Content } from './origin.js';

interface Kept {
  readonly content: Content;
  readonly tags: readonly string[];
  readonly untilMs: number;
}

/** A CDN in front: keeps responses as long as `s-maxage` says, by URL and variant, and is purged by tags. */
export class Edge {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  keep(name: string, response: Response, content: Content): void {
    const field = response.headers.get('cache-control') ?? '';
    const seconds = Number(/s-maxage=(\d+)/.exec(field)?.[1] ?? /max-age=(\d+)/.exec(field)?.[1]);
    const age = Number(response.headers.get('age') ?? 0);
    if (/private|no-store/.test(field) || !(seconds - age > 0)) return;
    const tags = response.headers.get('cache-tag')?.split(',') ?? [];
    this.#kept.set(name, { content, tags, untilMs: this.#now() + (seconds - age) * 1000 });
  }

  purge(tags: readonly string[]): void {
    for (const [name, kept] of this.#kept)
      if (tags.some((tag) => kept.tags.includes(tag))) this.#kept.delete(name);
  }

  /** Contents it would serve now. */
  *contents(): Iterable<Content> {
    for (const { content, untilMs } of this.#kept.values())
      if (untilMs > this.#now()) yield content;
  }
}
