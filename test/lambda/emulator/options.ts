import type { Runtime } from './runtimes.js';

/** Starts beside the function, registers itself at the API's URL, and resolves; its own work goes on. */
export type ExternalExtension = (api: string) => Promise<void>;

export interface FunctionOptions {
  readonly runtime: Runtime;
  /** With the handler's file. */
  readonly folder: string;
  /** Such as `index.handler`. */
  readonly handler: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
  /** An invocation's limit, with extensions; 3 seconds by default, as on Lambda. */
  readonly timeoutMs?: number;
  readonly extensions?: readonly ExternalExtension[];
  /** A Managed Instance: several events at once over worker threads, and it never freezes. */
  readonly managed?: { readonly concurrency: number; readonly workers: number };
  /** The wall clock that deadlines are told by. */
  readonly now?: () => number;
  /** Gets what the function prints. */
  readonly onLine?: (line: string) => void;
}
