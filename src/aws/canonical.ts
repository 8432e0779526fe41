import { type SignableRequest, sha256 } from './signature.js';

/**
 * Brings a request into the canonical form that is signed. Requests to DynamoDB (POST to '/', no query, no extra spaces
 * in headers) already have it, so a bundle for DynamoDB leaves this out.
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

/** S3 signs the path as sent; all other services encode it once more. */
function canonicalPath(path: string, service: string): string {
  if (service === 's3') return path;
  const encode = (part: string) =>
    encodeURIComponent(part).replace(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return path.split('/').map(encode).join('/');
}

/** Sorts by name, then by value. With NUL between them, because the equals sign would put `a-b=1` before `a=1`. */
function canonicalQuery(query: string): string {
  if (!query) return '';
  return query
    .split('&')
    .map((part) => (part.includes('=') ? part : `${part}=`).replace('=', '\0'))
    .sort()
    .map((part) => part.replace('\0', '='))
    .join('&');
}
