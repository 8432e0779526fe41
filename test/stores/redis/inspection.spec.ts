import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { inspectRedis } from '../../../src/stores/redis/inspection.js';

const ID = 'i'.repeat(36);
const TIME = '1700000000000000';
const END = '001700000060000';
const VERSION = ID + TIME;

const recordOf = (kind: string, body = '') => `${kind}${ID}${TIME}${END}\n${body}`;

/** A client over these strings of Redis, by key. An error stands for the refusal of a command. */
function inspect(held: Readonly<Record<string, string | Error>>, leftMs = 5_000) {
  vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const bytesOf = (key: unknown): Buffer | undefined => {
    const value = held[String(key)];
    if (value instanceof Error) throw value;
    return value === undefined ? undefined : Buffer.from(value);
  };
  const client = {
    defineCommand(this: Record<string, unknown>, name: string) {
      this[name] = this[`${name}Buffer`] = async () => {};
    },
    getBuffer: async (key: string) => bytesOf(key) ?? null,
    getrange: async (key: Buffer, start: number, end: number) =>
      (bytesOf(key) ?? Buffer.alloc(0)).toString('latin1', start, end + 1),
    unlink: async () => 0,
    ping: async () => 'PONG',
    scanBuffer: async () => [
      '0',
      [...Object.keys(held), 'shop:gone'].map((key) => Buffer.from(key)),
    ],
    on() {},
    off() {},
    call: async (command: string, key: string) =>
      command === 'STRLEN' ? (bytesOf(key)?.length ?? 0) : leftMs,
  };
  return inspectRedis({ client: client as never, prefix: 'shop' });
}

async function listed(inspection: ReturnType<typeof inspect>, start = '') {
  const all = [];
  for await (const page of inspection.pages(start)) all.push(...page);
  return all;
}

const wrongType = new Error('WRONGTYPE Operation against a key holding the wrong kind of value');
const foreign = { kind: 'foreign', bytes: 0, expiresAt: 0, version: '?' };

describe('the inspection of a Redis store', () => {
  it.each([
    ['text', 's', '[1]', { kind: 'value', raw: '[1]' }],
    ['bytes', 'b', '[1]', { kind: 'value', raw: Buffer.from('[1]') }],
    ['text in an entry', 'S', 'entry\n[1]', { kind: 'value', raw: '[1]', envelope: 'entry' }],
    [
      'bytes in an entry',
      'B',
      'entry\n[1]',
      { kind: 'value', raw: Buffer.from('[1]'), envelope: 'entry' },
    ],
    ['a pointer', 'p', '', { kind: 'value', isPointer: true }],
    [
      'a pointer in an entry',
      'P',
      'entry\n',
      { kind: 'value', isPointer: true, envelope: 'entry' },
    ],
    ['a token', 't', '', { kind: 'token' }],
  ])('shows %s', async (_, kind, body, shown) => {
    const inspection = inspect({ 'shop:a': recordOf(kind, body) });
    const bytes = 70 + body.length;
    const facts = { key: 'a', bytes, version: VERSION, expiresAt: 1_700_000_060_000 };
    const whole = {
      ...facts,
      collectedAt: 1_005_000,
      envelope: undefined,
      raw: undefined,
      ...shown,
    };
    expect(await inspection.read('a')).toEqual(whole);
    // A list reads no more than the first bytes.
    const { envelope, raw, ...short } = whole;
    expect(await listed(inspection)).toEqual([{ ...short, envelope: undefined, raw: undefined }]);
  });

  it('shows what another program wrote, as text or as anything else', async () => {
    const inspection = inspect({ 'shop:text': 'S other', 'shop:list': wrongType }, -1);
    const facts = { collectedAt: undefined, envelope: undefined, raw: undefined };
    const text = { ...foreign, ...facts, key: 'text', bytes: 11 };
    const list = { ...foreign, ...facts, key: 'list' };
    expect(await inspection.read('text')).toEqual(text);
    expect(await inspection.read('list')).toEqual(list);
    expect(await listed(inspection)).toEqual([text, list]);
  });

  it('knows when Redis deletes a record, also one that it deletes at once', async () => {
    const shown = await inspect({ 'shop:a': recordOf('s') }, 0).read('a');
    expect(shown?.collectedAt).toBe(1_000_000);
  });

  it('shows nothing of a key that is absent, or has gone since it was found', async () => {
    const inspection = inspect({});
    expect(await inspection.read('a')).toBeUndefined();
    expect(await listed(inspection)).toEqual([]);
  });

  it('lists the keys that begin alike, below its prefix', async () => {
    const inspection = inspect({
      'shop:user:1': recordOf('s'),
      'shop:page:1': recordOf('s'),
      'other:user:2': recordOf('s'),
    });
    expect((await listed(inspection, 'user:')).map(({ key }) => key)).toEqual(['user:1']);
    expect(await listed(inspection)).toHaveLength(2);
  });

  it('fails where a command is refused', async () => {
    const inspection = inspect({ 'shop:a': new Error('NOPERM no permissions') });
    const refused = expect.objectContaining({ message: expect.stringContaining('NOPERM') });
    await expect(inspection.read('a')).rejects.toEqual(refused);
    await expect(listed(inspection)).rejects.toEqual(refused);
  });
});
