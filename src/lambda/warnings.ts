/** Logged once, when the fallback begins. */
export function warnRefused(error: unknown): void {
  const reason = String(Object(error).message);
  const advice = reason.endsWith('RegistrationClosed')
    ? 'Await `afterResponse()` at the top level of an ES module'
    : 'See docs/after-response.md';
  warn(`responses wait for background work: ${reason}. ${advice}, or set mode: 'await'`);
}

export function warnUnmarked(): void {
  warn('background work may freeze: export `after.handler(fn)`');
}

function warn(text: string): void {
  // biome-ignore lint/suspicious/noConsole: this happens once, and Lambda's console adds the request id.
  console.warn(`@glasswork/cache: ${text}`);
}
