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

let keptSecond = Number.NaN;
let keptTime = '';

/** `20150830T123600Z`. Kept, because requests of the same second have the same time. */
export function timeOf(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== keptSecond) {
    keptTime = composedTime(new Date(nowMs));
    keptSecond = second;
  }
  return keptTime;
}

/** By its parts, because the first `toISOString` of a process takes 0.3 ms. */
function composedTime(at: Date): string {
  const day = `${at.getUTCFullYear()}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}`;
  return `${day}T${two(at.getUTCHours())}${two(at.getUTCMinutes())}${two(at.getUTCSeconds())}Z`;
}

const two = (part: number): string => String(part).padStart(2, '0');

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
  return hmac(signingKey(secretAccessKey, scope), text).toString('hex');
}

export const sha256 = (data: string | Uint8Array): string => builtin.crypto().hash('sha256', data);

/** A key of HMAC-SHA256 in its two padded forms. */
interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

const BLOCK_BYTES = 64;

function hmacKey(secret: Buffer): HmacKey {
  const key = secret.length > BLOCK_BYTES ? hashed(secret) : secret;
  const padded = (pad: number) =>
    Uint8Array.from({ length: BLOCK_BYTES }, (_, i) => pad ^ (key[i] ?? 0));
  return { inner: padded(0x36), outer: padded(0x5c) };
}

/** HMAC as RFC 2104 defines it, by two hashes: `createHmac` takes 13 us on Node 24, and these take two. */
const hmac = ({ inner, outer }: HmacKey, text: string): Buffer =>
  hashed(Buffer.concat([outer, hashed(Buffer.concat([inner, Buffer.from(text)]))]));

const hashed = (data: Uint8Array): Buffer => builtin.crypto().hash('sha256', data, 'buffer');

let keptKey: HmacKey;
let keptFor: string | undefined;

/** Hashes each part of the scope. The key is the same all day, so the last one is kept. */
function signingKey(secret: string, scope: string): HmacKey {
  if (keptFor !== scope + secret) {
    const secretKey = hmacKey(Buffer.from(`AWS4${secret}`));
    keptKey = scope.split('/').reduce((key, part) => hmacKey(hmac(key, part)), secretKey);
    keptFor = scope + secret;
  }
  return keptKey;
}
