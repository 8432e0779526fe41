import pc from 'picocolors';
import type { Colors } from 'picocolors/types.js';
import { count } from './text.js';

/** How far something is. */
export interface Progress {
  /** A line that stays. */
  say(text: string): void;
  /** A live line, which only a terminal gets. */
  step(what: string, done: number, of: number): void;
  /** Takes the live line away. */
  clear(): void;
}

const BAR = 24;
/** A pipe has no width; 80 columns is what most readers of its other end have. */
const DEFAULT_WIDTH = 80;
const CLEAR_LINE = '\r\x1b[2K';

/** Each stream has colours of its own: one may be a terminal while the other is a file. */
export function colorsOf(stream: NodeJS.WriteStream, env = process.env): Colors {
  if (env.NO_COLOR) return pc.createColors(false);
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  return pc.createColors(forced || canMove(stream, env));
}

export const widthOf = (stream: NodeJS.WriteStream): number => stream.columns || DEFAULT_WIDTH;

const canMove = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && env.TERM !== 'dumb';

export function createProgress(stream: NodeJS.WriteStream, env = process.env): Progress {
  const colors = colorsOf(stream, env);
  const isLive = canMove(stream, env);
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write(CLEAR_LINE);
    drawn = false;
  };
  return {
    clear,
    say(text) {
      clear();
      stream.write(`${text}\n`);
    },
    step(what, done, of) {
      if (!isLive) return;
      const now = performance.now();
      if (done < of && now - drawnAt < 100) return;
      drawnAt = now;
      drawn = true;
      stream.write(CLEAR_LINE + line(what, done, of, widthOf(stream) - 1, colors));
    },
  };
}

/** Never longer than the terminal is wide: a line that wraps could not be taken away again. */
function line(what: string, done: number, of: number, width: number, colors: Colors): string {
  const filled = Math.round((Math.min(done, of) / of) * BAR);
  const figures = ` ${count(Math.round(done))} of ${count(of)}`;
  const withBar = `${what}  ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}${figures}`;
  if (withBar.length > width) return `${what}${figures}`.slice(0, width);
  return `${what}  ${colors.cyan('█'.repeat(filled))}${'░'.repeat(BAR - filled)}${figures}`;
}

/**
 * A reader that closes its end, such as `head`, has seen enough: that ends this program without an error. Without a
 * listener the broken pipe would be an uncaught exception with a stack trace.
 */
export function endWithPipes(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
