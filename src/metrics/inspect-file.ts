/** The page of `glasswork-cache inspect` that is open on this machine. */
export interface InspectPage {
  /** As in `http://127.0.0.1:4000`. */
  readonly url: string;
  /** The secret that events are sent with. It opens nothing else. */
  readonly token: string;
}

/** The file in which `glasswork-cache inspect` says where it listens, readable by this user alone. */
export function inspectFile(): string {
  const { homedir } = process.getBuiltinModule('node:os');
  return process.getBuiltinModule('node:path').join(homedir(), '.glasswork-cache', 'inspect.json');
}

/** The page that the text names, or undefined unless it is on this machine, because events hold keys. */
export function parseInspectPage(text: string): InspectPage | undefined {
  try {
    const { url, token }: Partial<Record<string, unknown>> = Object(JSON.parse(text));
    const isHere = typeof url === 'string' && /^http:\/\/127\.0\.0\.1:\d+$/.test(url);
    return isHere && typeof token === 'string' ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}
