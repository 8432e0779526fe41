/** What the tests of the emulator ask of a function without a cache. */
export type PlainEvent =
  | { readonly do: 'echo'; readonly text: string }
  | { readonly do: 'throw' }
  | { readonly do: 'exit'; readonly after: 'answer' | 'event' }
  | { readonly do: 'hang' }
  /** Answers at once, with a timer left running. */
  | { readonly do: 'set a timer'; readonly ms: number }
  /** How long the timer took. */
  | { readonly do: 'tell' };

let tookMs: number | undefined;

export async function handler(event: PlainEvent): Promise<unknown> {
  switch (event.do) {
    case 'echo':
      return { text: event.text, pid: process.pid };
    case 'throw':
      throw new RangeError('as asked');
    case 'exit':
      if (event.after === 'event') process.exit(7);
      setTimeout(() => process.exit(7));
      return {};
    case 'hang':
      return new Promise(() => setInterval(() => {}, 1_000));
    case 'set a timer': {
      const start = performance.now();
      setTimeout(() => {
        tookMs = performance.now() - start;
      }, event.ms);
      return {};
    }
    default:
      return { tookMs };
  }
}
