import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { at, counting, world } from './helpers.js';

const page = readFileSync(new URL('../../docs/responses.md', import.meta.url), 'utf8');
const table = /\| the response has .*?\n\n/s.exec(page)?.[0] ?? '';
const rows = table
  .trim()
  .split('\n')
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, response = '', ttl = '', stored = '']) => [response, ttl, stored] as const);

/** The response and the request that the first cell of a row describes. */
function described(text: string) {
  const headers: Record<string, string> = {};
  const request: Record<string, string> = {};
  const directive = /`((?:public|private|no-|max-age|s-maxage)[^`]*)`/.exec(text)?.[1];
  if (directive) headers['cache-control'] = directive;
  if (text.includes('Expires')) headers.expires = at(60);
  if (text.includes('Set-Cookie')) headers['set-cookie'] = 'a=1';
  if (text.includes('`Vary: *`')) headers.vary = '*';
  if (text.includes('Vary` on')) headers.vary = 'x-a';
  if (text.includes('event-stream')) headers['content-type'] = 'text/event-stream';
  if (text.includes('request has a cookie')) request.cookie = 'a=1';
  if (text.includes('request has `Authorization`')) request.authorization = 'Basic eA==';
  const status = Number(/status (\d+)/.exec(text)?.[1] ?? 200);
  const body = text.includes('maxBodyBytes') ? 'x'.repeat(196_609) : undefined;
  return { headers, request, status, body };
}

describe('the table of what is stored when', () => {
  it.each(rows)('%s, with ttl %s: %s', async (text, ttl, stored) => {
    const { headers, request, status, body } = described(text);
    const made = world(ttl === 'none' ? {} : { ttl: Number(ttl) });
    const count = counting(() => ({ headers, status }));
    made.origin = (asked) => (body ? new Response(body, { headers, status }) : count(asked));
    await (await made.get(request)).text();
    await (await made.get(request)).text();
    expect(made.asked.length).toBe(stored === 'yes' ? 1 : 2);
  });

  it('is read whole, and describes something in every row', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25);
    const plain = rows.filter(([text]) => {
      const { headers, request, status, body } = described(text);
      return status === 200 && !body && Object.keys({ ...headers, ...request }).length === 0;
    });
    expect(plain.map(([text]) => text)).toEqual(['nothing', 'nothing']);
  });
});
