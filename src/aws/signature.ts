import { builtin } from './builtin.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** Asked before each signature, so it keeps what is worth keeping. */
export type CredentialProvider = () => Promise<Credentials>;

export interface SignableRequest {
  readonly method: string;
  readonly host: string;
  /** As it is sent: already URI-encoded, starting with a slash. */
  readonly path: string;
  /** As it is sent, without the question mark. */
  readonly query?: string | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Signs a request with AWS Signature Version 4. Every header given is signed, and the payload is hashed.
 *
 * @returns all headers to send: the request's own, `host`, `authorization` and the `x-amz-` ones that belong to it.
 */
export function sign(
  request: SignableRequest,
  credentials: Credentials,
  nowMs: number,
): Record<string, string> {
  const { region, service } = request;
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const date = time.slice(0, 8);
  const payload = sha256(request.body);

  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-date': time,
  };
  if (credentials.sessionToken) headers['x-amz-security-token'] = credentials.sessionToken;
  if (service === 's3') headers['x-amz-content-sha256'] = payload;

  const names = Object.keys(headers).sort();
  const signedNames = names.join(';');
  let canonical = `${request.method}\n${canonicalPath(request)}\n${canonicalQuery(request.query)}\n`;
  for (const name of names) canonical += `${name}:${collapse(headers[name] ?? '')}\n`;
  canonical += `\n${signedNames}\n${payload}`;

  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = signingKey(credentials.secretAccessKey, date, region, service);
  const signature = hmac(key, `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`).toString(
    'hex',
  );
  headers.authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
  return headers;
}

/** S3 signs the path as it is sent; every other service encodes it once more. */
function canonicalPath({ path, service }: SignableRequest): string {
  if (service === 's3' || path === '/') return path;
  const encode = (part: string) =>
    encodeURIComponent(part).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return path.split('/').map(encode).join('/');
}

/** Sorted by name, then by value: as whole strings, `a-b=1` would come before `a=1`. */
function canonicalQuery(query: string | undefined): string {
  if (!query) return '';
  return query
    .split('&')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    })
    .sort(([a = '', x = ''], [b = '', y = '']) => order(a, b) || order(x, y))
    .map((pair) => pair.join('='))
    .join('&');
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const collapse = (value: string) =>
  value.includes('  ') ? value.trim().replace(/ +/g, ' ') : value.trim();

let hashOnce: ((data: string | Uint8Array) => string) | undefined;

function sha256(data: string | Uint8Array): string {
  if (!hashOnce) {
    const { createHash, hash } = builtin.crypto();
    // Node has the one-shot hash from 20.12 on; other runtimes may not.
    hashOnce = hash
      ? (bytes) => hash('sha256', bytes, 'hex')
      : (bytes) => createHash('sha256').update(bytes).digest('hex');
  }
  return hashOnce(data);
}

let createHmac: ReturnType<typeof builtin.crypto>['createHmac'] | undefined;

function hmac(key: string | Uint8Array, data: string): Buffer {
  createHmac ??= builtin.crypto().createHmac;
  return createHmac('sha256', key).update(data).digest();
}

const signingKeys = new Map<string, Buffer>();
const MOST_SIGNING_KEYS = 32;

/** Four hashes, the same all day: kept, and all dropped at once when rotated secrets have filled the map. */
function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const name = `${date}/${region}/${service}/${secret}`;
  let key = signingKeys.get(name);
  if (!key) {
    key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
    if (signingKeys.size >= MOST_SIGNING_KEYS) signingKeys.clear();
    signingKeys.set(name, key);
  }
  return key;
}
