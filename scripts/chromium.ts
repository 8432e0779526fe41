import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
export const chromiumPackage = 'chromium';
export const chromiumCure = `apt-get install -y ${chromiumPackage}`;

/** A browser of this machine: `CHROMIUM`, or the first on the path. */
export function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = process.env.CHROMIUM ?? files.find(existsSync);
  if (found === undefined) throw new Error(`no Chromium: ${chromiumCure}, or set CHROMIUM`);
  return found;
}

/** A sentence, or undefined where there is a browser. */
export function chromiumProblem(): string | undefined {
  try {
    findChromium();
    return undefined;
  } catch {
    return 'no Chromium was found';
  }
}
