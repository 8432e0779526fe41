/** Said once, when the fallback begins. */
export function warnRefused(error: unknown): void {
  const reason = error instanceof Error ? error.message : error;
  const advice = String(reason).endsWith('RegistrationClosed')
    ? 'Call `await afterResponse()` at the top level of an ES module'
    : 'See docs/after-response.md';
  warn(`responses wait for background work: ${reason}. ${advice}, or set mode: 'await'.`);
}

export function warnUnmarked(): void {
  warn('background work may freeze: export `after.handler(fn)`.');
}

function warn(text: string): void {
  // biome-ignore lint/suspicious/noConsole: Lambda's console adds the request's id; events are for what happens often.
  console.warn(`@glasswork/cache: ${text}`);
}
