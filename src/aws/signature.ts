import { builtin } from './builtin.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A request as the service will see it, to be signed. `canonical` brings any request into this form. */
export interface SignableRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Without the question mark; '' for none. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** The hash of the body, if known already. */
  readonly payload?: string;
  readonly region: string;
  readonly service: string;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Signs a request with AWS Signature Version 4. Every header given is signed, and so is the body.
 *
 * @returns all headers to send: the request's own, `host`, `authorization` and the `x-amz-` ones of the signature.
 */
export function sign(
  {
    method,
    host,
    path,
    query,
    headers,
    body,
    payload = sha256(body),
    region,
    service,
  }: SignableRequest,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  nowMs: number,
): Record<string, string> {
  const time = timeOf(nowMs);
  const signed: Record<string, string> = { ...headers, host, 'x-amz-date': time };
  if (sessionToken) signed['x-amz-security-token'] = sessionToken;

  const names = Object.keys(signed).sort();
  const signedNames = names.join(';');
  let lines = '';
  for (const name of names) lines += `${name}:${signed[name]}\n`;
  const request = `${method}\n${path}\n${query}\n${lines}\n${signedNames}\n${payload}`;

  const scope = scopeOf(time, region, service);
  const signature = signatureOf(request, time, scope, secretAccessKey);
  signed.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
  return signed;
}

/** `20150830T123600Z` */
export const timeOf = (nowMs: number): string =>
  new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');

export const scopeOf = (time: string, region: string, service: string): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

/** The signature of a request in its canonical form. */
export function signatureOf(
  canonicalRequest: string,
  time: string,
  scope: string,
  secretAccessKey: string,
): string {
  const text = `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonicalRequest)}`;
  return hmac(signingKey(secretAccessKey, scope), text).digest('hex');
}

export const sha256 = (data: string | Uint8Array): string => builtin.crypto().hash('sha256', data);

const hmac = (key: string | Uint8Array, data: string) =>
  builtin.crypto().createHmac('sha256', key).update(data);

let keptKey: Buffer;
let keptFor: string | undefined;

/** Hashes each part of the scope. The key is the same all day, so the last one is kept. */
function signingKey(secret: string, scope: string): Buffer {
  if (keptFor !== scope + secret) {
    const secretKey = Buffer.from(`AWS4${secret}`);
    keptKey = scope.split('/').reduce((key, part) => hmac(key, part).digest(), secretKey);
    keptFor = scope + secret;
  }
  return keptKey;
}
