import type { Context } from 'aws-lambda';

type Callback = (error: Error | null, result?: unknown) => void;

/** For Node 20 alone: later runtimes refuse a handler with three parameters. */
export function handler(event: { fail?: boolean }, _context: Context, callback: Callback): void {
  setTimeout(() => callback(event.fail ? new Error('as asked') : null, { event }), 5);
}
