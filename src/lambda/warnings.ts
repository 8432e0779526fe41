import { Refusal } from './extensions-api.js';

const ADVICE: Readonly<Record<string, string>> = {
  'Extension.RegistrationClosed':
    'Lambda takes extensions only while the function initialises: write `const after = await afterResponse()` at the top level of an ES module (.mjs)',
  'Extension.TooManyExtensions': 'Lambda allows ten extensions: remove one from the function',
};

/** Said once, when the fallback begins. */
export function warnRefused(error: unknown): void {
  const reason = error instanceof Refusal ? error.type : String(error);
  const advice = ADVICE[reason] ?? 'Find out why the Extensions API of Lambda failed';
  warn(
    `responses wait for background work, because there is no extension (${reason}). ${advice}, or give mode: 'await' to accept it.`,
  );
}

export function warnUnmarked(): void {
  warn(
    'background work may freeze, because no handler tells when it is done. Export the handler as `after.handler(…)`.',
  );
}

function warn(text: string): void {
  // biome-ignore lint/suspicious/noConsole: Lambda's console adds the request's id; events are for what happens often.
  console.warn(`@glasswork/cache: ${text}`);
}
