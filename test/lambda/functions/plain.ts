/** An order of the emulator's tests to a function without a cache. */
export type PlainEvent =
  | { readonly do: 'echo'; readonly text: string }
  | { readonly do: 'throw' }
  | { readonly do: 'exit'; readonly after: 'answer' | 'event' }
  | { readonly do: 'hang' }
  /** Answers at once, with a timer left running that fires all the time. */
  | { readonly do: 'leave a timer' }
  /** Answers when the timer has fired once more. */
  | { readonly do: 'wait for the timer' };

let onTick = () => {};

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
    case 'leave a timer':
      setInterval(() => onTick(), 1);
      return {};
    default:
      return new Promise((resolve) => {
        onTick = () => resolve('fired');
      });
  }
}
