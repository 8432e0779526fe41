import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Target } from '../target/target.js';
import { inspectApp } from './app.js';
import { newSecret } from './guard.js';
import { serve } from './serve.js';

export interface Inspection {
  /** The address to open, with its token. */
  readonly url: string;
  readonly port: number;
  /** The reason why no service will find the page, or undefined. */
  readonly unseen: string | undefined;
  /** Resolves when the server has ended. */
  readonly ended: Promise<unknown>;
}

/** Serves the page, and tells services on this machine where it is. */
export async function inspect(
  target: Target,
  { port, write }: { port: number; write: boolean },
): Promise<Inspection> {
  const page = readFileSync(new URL('./inspect.html', import.meta.url), 'utf8');
  const [token, feedToken] = [newSecret(), newSecret()];
  const served = await serve(port, (own) => {
    const app = inspectApp({ target, page, write, port: own, token, feedToken });
    return (request) => app.fetch(request);
  });
  const { inspectFile } = await import('../../metrics/inspect-file.js');
  const url = `http://127.0.0.1:${served.port}`;
  const unseen = announce(inspectFile, JSON.stringify({ url, token: feedToken }));
  return { ...served, unseen, url: `${url}/?token=${token}` };
}

/** Writes the file that `inspector()` reads, and removes it at the end. Another page may have taken it over by then. */
function announce(fileOf: () => string, text: string): string | undefined {
  try {
    const file = fileOf();
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // A new file, because an old one keeps its permissions.
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    process.once('exit', () => {
      try {
        if (readFileSync(file, 'utf8') === text) rmSync(file);
      } catch {
        // It has gone already.
      }
    });
    return undefined;
  } catch (error) {
    return String(Object(error).message ?? error);
  }
}
