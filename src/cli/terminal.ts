import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import picocolors from 'picocolors';
import { UsageError } from './exit.js';

/** The width below which a table of several columns cannot be read. */
export const NARROW = 60;

export interface Terminal {
  readonly json: boolean;
  readonly colors: ReturnType<typeof picocolors.createColors>;
  /** Characters in a line; Infinity where the output is no terminal. */
  readonly width: number;
  /** Writes text, and waits while the reader is slower, so that a long list needs no memory. */
  write(text: string): Promise<void>;
  /** One line for people, kept off the output so that a pipe gets only the result. */
  note(text: string): void;
  /** @throws UsageError where nobody can answer. */
  confirm(question: string, yes: boolean): Promise<boolean>;
}

export function terminal(json: boolean): Terminal {
  const { stdout, stderr, stdin } = process;
  const isColored = !json && picocolors.isColorSupported && (stdout.isTTY || forcesColor());
  return {
    json,
    colors: picocolors.createColors(isColored),
    width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    async write(text) {
      if (!stdout.write(json ? printableJSON(text) : text)) await once(stdout, 'drain');
    },
    note(text) {
      stderr.write(`${text}\n`);
    },
    async confirm(question, yes) {
      if (yes) return true;
      if (!stdin.isTTY || !stderr.isTTY || json)
        throw new UsageError(`${question} Nobody can answer here: repeat the command with --yes.`);
      const asking = createInterface({ input: stdin, output: stderr });
      // While readline reads, Ctrl-C is a key and no signal.
      asking.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      try {
        return /^y(es)?$/i.test((await asking.question(`${printable(question)} [y/N] `)).trim());
      } catch (error) {
        // Ctrl-D, which is no answer.
        if (Object(error).name !== 'AbortError') throw error;
        stderr.write('\n');
        return false;
      } finally {
        asking.close();
      }
    },
  };
}

const forcesColor = (): boolean => Boolean(process.env.FORCE_COLOR);

/** Control characters, and those that turn the direction of a line. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Characters in keys, values and answers of servers that would control the terminal are shown as `\u001b`. */
export const printable = (text: string): string => text.replace(UNSAFE, escaped);

/** JSON that means the same, and controls no terminal: `JSON.stringify` leaves some of these characters as they are. */
export const printableJSON = (json: string): string =>
  json.replace(UNSAFE, (unit) => (unit === '\n' ? unit : escaped(unit)));
