import { type SignableRequest, sha256 } from './signature.js';

/**
 * A request in the form that is signed, for a transport to services that take more than DynamoDB does: DynamoDB's own
 * (POST to '/', no query, headers without spaces to spare) already has this form, and a bundle for it goes without.
 */
export function canonical(request: SignableRequest): SignableRequest {
  const { service, path, query, body } = request;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = value.trim().replace(/ +/g, ' ');
  }
  const payload = sha256(body);
  if (service === 's3') headers['x-amz-content-sha256'] = payload;
  return {
    ...request,
    path: canonicalPath(path, service),
    query: canonicalQuery(query),
    headers,
    payload,
  };
}

/** S3 signs the path as it is sent; every other service encodes it once more. */
function canonicalPath(path: string, service: string): string {
  if (service === 's3') return path;
  const encode = (part: string) =>
    encodeURIComponent(part).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return path.split('/').map(encode).join('/');
}

/** Sorted by name, then by value: as whole strings, `a-b=1` would come before `a=1`. */
function canonicalQuery(query: string): string {
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
