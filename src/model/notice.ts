/** Logs what the owner of a store should know, at its construction. It holds no keys and no values. */
export function notice(store: string, text: string): void {
  // biome-ignore lint/suspicious/noConsole: a store has no listener when it is constructed.
  console.warn(`@glasswork/cache: store "${store}": ${text}`);
}
