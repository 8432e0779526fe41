import { at } from '../helpers.js';
import type { Case } from './case.js';

const FRESH = { 'cache-control': 'max-age=60' };

const statuses = (list: readonly number[], rest: Omit<Case, 'name' | 'status'>, how: string) =>
  list.map((status): Case => ({ name: `3 ${how} ${status}`, status, ...rest }));

/** RFC 9111, section 3: storing responses in caches. */
export const SECTION_3: readonly Case[] = [
  { name: '3 stores a response with max-age', response: FRESH, expect: 'hit' },
  {
    name: '3 stores a response with s-maxage',
    response: { 'cache-control': 's-maxage=60' },
    expect: 'hit',
  },
  { name: '3 stores a response with Expires', response: { expires: at(60) }, expect: 'hit' },
  { name: '3 does not store a response without freshness', expect: 'load' },
  {
    name: '3 does not store a response with public alone',
    response: { 'cache-control': 'public' },
    expect: 'load',
  },
  {
    name: '3 does not store a response with Last-Modified alone: no heuristics',
    response: { 'last-modified': at(-86_400) },
    expect: 'load',
  },
  {
    name: '3 stores by the ttl of the route what has no freshness',
    options: { ttl: 60 },
    expect: 'hit',
  },
  ...statuses(
    [200, 203, 204, 300, 301, 308, 404, 405, 410, 414],
    { options: { ttl: 60 }, expect: 'hit' },
    'stores by the ttl of the route a',
  ),
  ...statuses(
    [201, 202, 302, 303, 307, 400, 401, 402, 403, 406, 409, 418, 422, 429, 451],
    { options: { ttl: 60 }, expect: 'load' },
    'does not store by the ttl of the route a',
  ),
  ...statuses(
    [201, 202, 302, 303, 307, 400, 401, 403, 404, 410, 418, 429, 451, 499],
    { response: FRESH, expect: 'hit' },
    'stores with explicit freshness a',
  ),
  ...statuses(
    [500, 501, 502, 503, 504, 599],
    { response: FRESH, expect: 'load' },
    'does not store a failed load:',
  ),
  {
    name: '3 does not store 206',
    status: 206,
    response: { ...FRESH, 'content-range': 'bytes 0-3/10' },
    expect: 'load',
  },
  {
    name: '3.3 does not store a response with Content-Range',
    response: { ...FRESH, 'content-range': 'bytes 0-3/10' },
    expect: 'load',
  },
  {
    name: '3 does not store a 304 that it did not ask for',
    status: 304,
    response: FRESH,
    expect: 'load',
  },
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map(
    (method): Case => ({
      name: `3 does not store a response to ${method}`,
      method,
      response: FRESH,
      expect: 'load',
    }),
  ),
  { name: '3 does not store a response to HEAD', method: 'HEAD', response: FRESH, expect: 'load' },
  {
    name: '3 answers HEAD from the response to GET',
    againMethod: 'HEAD',
    response: FRESH,
    expect: 'hit',
  },
  {
    name: '3 keeps GET apart from a HEAD of another URL',
    againMethod: 'HEAD',
    url: 'https://example.com/b',
    response: FRESH,
    expect: 'load',
  },
  {
    name: '3 does not store no-store',
    response: { 'cache-control': 'no-store, max-age=60' },
    expect: 'load',
  },
  {
    name: '3 does not store no-store beside the ttl of the route',
    response: { 'cache-control': 'no-store' },
    options: { ttl: 60 },
    expect: 'load',
  },
  {
    name: '3 does not store private',
    response: { 'cache-control': 'private, max-age=60' },
    expect: 'load',
  },
  {
    name: '3 does not store private with field names',
    response: { 'cache-control': 'max-age=60, private="x-user"' },
    expect: 'load',
  },
  {
    name: '3 does not store private beside the ttl of the route',
    response: { 'cache-control': 'private' },
    options: { ttl: 60 },
    expect: 'load',
  },
  {
    name: '3 ignores unknown directives',
    response: { 'cache-control': 'max-age=60, community="UCI", foo=bar' },
    expect: 'hit',
  },
  {
    name: '3 knows no directive in the argument of another',
    response: { 'cache-control': 'foo="no-store, private", max-age=60' },
    expect: 'hit',
  },
  {
    name: '3.1 stores unknown header fields',
    response: { ...FRESH, 'x-unknown': 'kept' },
    expect: 'hit',
    fields: { 'x-unknown': 'kept' },
  },
  {
    name: '3.1 does not store Connection',
    response: { ...FRESH, connection: 'close' },
    expect: 'hit',
    fields: { connection: null },
  },
  {
    name: '3.1 does not store the fields that Connection names',
    response: { ...FRESH, connection: 'x-hop, x-next', 'x-hop': '1', 'x-next': '2' },
    expect: 'hit',
    fields: { 'x-hop': null, 'x-next': null },
  },
  ...[
    'keep-alive',
    'proxy-authenticate',
    'proxy-authentication-info',
    'proxy-connection',
    'trailer',
    'upgrade',
    'te',
  ].map(
    (name): Case => ({
      name: `3.1 does not store ${name}`,
      response: { ...FRESH, [name]: 'x' },
      expect: 'hit',
      fields: { [name]: null },
    }),
  ),
  {
    name: '3.1 stores the content type',
    response: { ...FRESH, 'content-type': 'text/css' },
    expect: 'hit',
    fields: { 'content-type': 'text/css' },
  },
  {
    name: '3.1 stores the content encoding',
    response: { ...FRESH, 'content-encoding': 'x-none' },
    expect: 'hit',
    fields: { 'content-encoding': 'x-none' },
  },
  {
    name: '3.2 updates the stored fields by those of a 304',
    response: { ...FRESH, etag: '"1"', 'x-a': 'old' },
    after: 61,
    later: { status: 304, response: { ...FRESH, etag: '"1"', 'x-a': 'new' } },
    expect: 'validate',
    fields: { 'x-a': 'new' },
    secondStatus: 200,
  },
  {
    name: '3.2 keeps stored fields that a 304 does not name',
    response: { ...FRESH, etag: '"1"', 'x-a': 'old' },
    after: 61,
    later: { status: 304, response: FRESH },
    expect: 'validate',
    fields: { 'x-a': 'old' },
    secondStatus: 200,
  },
  ...['content-encoding', 'content-type'].map(
    (name): Case => ({
      name: `3.2 does not update ${name} by a 304`,
      response: { ...FRESH, etag: '"1"', [name]: 'text/a' },
      after: 61,
      later: { status: 304, response: { ...FRESH, [name]: 'text/b' } },
      expect: 'validate',
      fields: { [name]: 'text/a' },
    }),
  ),
  {
    name: '3.2 never stores the Set-Cookie of a 304',
    response: { ...FRESH, etag: '"1"' },
    after: 61,
    later: { status: 304, response: { ...FRESH, 'set-cookie': 'a=1' } },
    expect: 'validate',
    secondStatus: 200,
  },
  {
    name: '3.4 answers a Range request from the origin',
    response: FRESH,
    again: { range: 'bytes=0-1' },
    expect: 'load',
  },
  {
    name: '3.5 does not store a response to Authorization',
    request: { authorization: 'Basic eA==' },
    response: FRESH,
    expect: 'load',
  },
  ...['public', 's-maxage=60', 'must-revalidate'].map(
    (directive): Case => ({
      name: `3.5 stores a response to Authorization with ${directive}`,
      request: { authorization: 'Basic eA==' },
      response: { 'cache-control': `max-age=60, ${directive}` },
      expect: 'hit',
    }),
  ),
  {
    name: '3.5 serves a request without Authorization what such a response allows',
    request: { authorization: 'Basic eA==' },
    again: {},
    response: { 'cache-control': 'public, max-age=60' },
    expect: 'hit',
  },
  {
    name: '3.5 does not serve a request with Authorization what is not public',
    again: { authorization: 'Basic eA==' },
    response: FRESH,
    expect: 'load',
  },
  {
    name: '3.5 takes a Cookie for Authorization',
    request: { cookie: 'session=1' },
    response: FRESH,
    expect: 'load',
  },
  {
    name: '3.5 stores a public response to a Cookie',
    request: { cookie: 'session=1' },
    response: { 'cache-control': 'public, max-age=60' },
    expect: 'hit',
  },
  {
    name: '3.5 takes proxy-revalidate for no permission',
    request: { authorization: 'Basic eA==' },
    response: { 'cache-control': 'max-age=60, proxy-revalidate' },
    expect: 'load',
  },
  {
    name: '7.3 does not store Set-Cookie',
    response: { ...FRESH, 'set-cookie': 'a=1' },
    expect: 'load',
  },
  {
    name: '7.3 does not store Set-Cookie with public',
    response: { 'cache-control': 'public, max-age=60', 'set-cookie': 'a=1' },
    expect: 'load',
  },
];
