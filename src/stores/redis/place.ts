/** A server, as ioredis and node-redis describe it. */
interface Address {
  readonly host?: unknown;
  readonly port?: unknown;
  /** The path of a socket. */
  readonly path?: unknown;
}

/** The members of a client, or of its settings, that say where its servers are. All are optional. */
interface Described {
  readonly options?: (Address & Described) | undefined;
  /** The address in the options of node-redis. */
  readonly socket?: Address | undefined;
  readonly sentinels?: unknown;
  /** The nodes of a Cluster client: of ioredis, and of node-redis. */
  readonly startupNodes?: unknown;
  readonly masters?: unknown;
}

/** More addresses than these say nothing more. */
const MOST = 3;

/** As in ` at cache.example.com:6379`; empty if unknown. It holds no user and no password. */
export function placeOf(addresses: unknown): string {
  const all = (Array.isArray(addresses) ? addresses : []).map(text).filter(Boolean);
  if (all.length === 0) return '';
  return ` at ${all.slice(0, MOST).join(', ')}${all.length > MOST ? ', …' : ''}`;
}

/** The same for the settings of a client of ioredis. */
export const placeOfSettings = (settings: object): string => {
  const { sentinels }: Described = settings;
  return placeOf(sentinels ?? [settings]);
};

/** The same for the user's own client of ioredis, iovalkey or node-redis. */
export function placeOfClient(client: object): string {
  const { options, startupNodes, masters }: Described = client;
  return placeOf(options?.sentinels ?? startupNodes ?? masters ?? [options?.socket ?? options]);
}

/** Nothing for a string, because a URL may contain a password. */
function text(address: unknown): string {
  const { host, port = 6379, path }: Address = Object(address);
  if (typeof path === 'string') return path;
  if (typeof host !== 'string') return '';
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
