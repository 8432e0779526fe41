import { describe, expect, it } from 'vitest';
import { nothingLive } from '../../../src/stores/s3/conditions.js';
import type { Database, StoredObject } from '../../../src/stores/s3/database.js';
import { inspectBucket } from '../../../src/stores/s3/inspection.js';
import { s3Keys } from '../../../src/stores/s3/keys.js';
import { s3Record, tombstone, valueRecord } from '../../../src/stores/s3/record.js';
import { remedyOf } from '../../../src/stores/s3/remedies.js';
import { parseList, textOf } from '../../../src/stores/s3/xml.js';

const id = '01234567-89ab-cdef-0123-456789abcdef';
const bodyOf = (key: string, raw: string | Uint8Array, envelope?: string) =>
  Buffer.from(valueRecord(key, raw, envelope, 5_000)(id));
const object = (body: Buffer): StoredObject => ({ body, etag: '"e"' });

describe('the bytes of an object', () => {
  const whole = bodyOf('key', '"value"', '[1]');
  const cut = (after: string) => s3Record(whole.subarray(0, whole.indexOf(after)));

  it('tell its id, end, key, entry and value', () => {
    const record = s3Record(whole);
    expect(record).toMatchObject({ id, end: 5_000, isTombstone: false, bytes: whole.length });
    expect([record?.key(), record?.envelope(), record?.raw()]).toEqual(['key', '[1]', '"value"']);
    expect([record?.isLive(4_999), record?.isLive(5_000)]).toEqual([true, false]);
    const bytes = s3Record(bodyOf('key', Uint8Array.of(1, 2)));
    expect([bytes?.envelope(), bytes?.raw()]).toEqual(['', Buffer.from([1, 2])]);
  });

  it.each([
    ['in the key', 'ey"', [undefined, undefined, undefined]],
    ['after the key', '[1]', ['key', undefined, undefined]],
    ['in the entry', '1]', ['key', undefined, undefined]],
    ['in the value', 'lue"', ['key', '[1]', undefined]],
  ])('that end %s tell what is before', (_, after, expected) => {
    const record = cut(after);
    expect(record).toMatchObject({ id, end: 5_000 });
    expect([record?.key(), record?.envelope(), record?.raw()]).toEqual(expected);
  });

  it('tell the size of the whole once its entry is there, and until then their own', () => {
    expect(cut('[1]')?.bytes).toBe(whole.indexOf('[1]'));
    expect(cut('lue"')?.bytes).toBe(whole.length);
  });

  it('of a tombstone are never live', () => {
    const record = s3Record(Buffer.from(tombstone('key')(id)));
    expect(record).toMatchObject({ isTombstone: true, end: 0 });
    expect([record?.key(), record?.isLive(0)]).toEqual(['key', false]);
  });

  it("hold nothing live if there are none, or they have expired, and are no one else's", () => {
    const found = object(whole);
    expect(nothingLive(undefined, undefined, 0)).toBe(true);
    expect(nothingLive(found, undefined, 0)).toBe(false);
    expect(nothingLive(found, s3Record(whole), 4_999)).toBe(false);
    expect(nothingLive(found, s3Record(whole), 5_000)).toBe(true);
  });
});

describe('the name of a long key', () => {
  it('hides a dot at its start, as that of a short one does', () => {
    const keys = s3Keys('cache');
    expect(keys.encode(`.${'x'.repeat(300)}`)).toMatch(/^cache\/v\/=2Ex+==/);
    expect(keys.encode(`x.${'x'.repeat(300)}`)).toMatch(/^cache\/v\/x\.x+==/);
    expect(keys.encode('x'.repeat(230))).toBe(`cache/v/${'x'.repeat(230)}`);
    expect(keys.encode('x'.repeat(231))).toMatch(/==/);
    expect(keys.encode('é'.repeat(39))).toMatch(/==/);
  });
});

describe('the XML of S3', () => {
  it('has entities by name and by number, and others stay as they are', () => {
    const text = '<Key>&#x41;&#66;&lt;&amp;&#x10ffff;&#x110000;&other;</Key>';
    expect(textOf(text, 'Key')).toBe('AB<&\u{10ffff}&#x110000;&other;');
  });

  const list = (...parts: string[]) =>
    parseList(`<ListBucketResult>${parts.join('')}</ListBucketResult>`);
  const contents = (key: string) => `<Contents><Key>${key}</Key></Contents>`;
  const [last, more] = ['<IsTruncated>false</IsTruncated>', '<IsTruncated>true</IsTruncated>'];
  const token = '<NextContinuationToken>t</NextContinuationToken>';
  const encoded = '<EncodingType>url</EncodingType>';

  it('lists names, encoded or not, and where the next page begins', () => {
    expect(list(last, contents('a+b%41'))).toEqual({ names: ['a+b%41'], next: undefined });
    expect(list(last, encoded, contents('a+b%41'))).toEqual({ names: ['a bA'], next: undefined });
    expect(list(more, token)).toEqual({ names: [], next: 't' });
    expect(list(last, token)).toEqual({ names: [], next: undefined });
  });

  it.each([
    ['that does not say whether it is the last', ''],
    ['that only names the start of the next page', token],
    ['without the start of the next page', more],
    ['with an empty one', `${more}<NextContinuationToken></NextContinuationToken>`],
    ['with an object without a name', `${last}<Contents></Contents>`],
    ['with an object without a name, encoded', `${last}${encoded}<Contents></Contents>`],
    ['with a name that cannot be decoded', `${last}${encoded}${contents('%')}`],
  ])('is no page %s', (_, xml) => {
    expect(list(xml)).toBeUndefined();
  });
});

describe('the remedy for a denial of S3', () => {
  const place = { bucket: 'b', prefix: 'cache', region: 'eu-west-1' };
  const of = (message: string) => remedyOf(place, 'get', { type: 'AccessDenied', message });
  const denial = (action: string, how: string) =>
    `User: arn:aws:iam::1:user/u is not authorized to perform: ${action} on resource: "arn:aws:s3:::b/k" ${how}`;

  it('names all permissions of a cache, unless a policy denies it or another service is asked', () => {
    const because = 'because no identity-based policy allows the action';
    expect(of('Access Denied')).toContain('a cache needs s3:GetObject');
    expect(of(denial('s3:GetObject', because))).toContain('a cache needs s3:GetObject');
    const explicit = 'with an explicit deny in a service control policy';
    expect(of(denial('s3:GetObject', explicit))).not.toContain('a cache needs');
    expect(of(denial('sts:AssumeRole', because))).not.toContain('a cache needs');
  });
});

describe('an inspection of a bucket', () => {
  const keys = s3Keys('cache');
  const long = (end: string) => `a:${'x'.repeat(300)}${end}`;
  function open(objects: Readonly<Record<string, Buffer>>, listed: readonly string[] = []) {
    const database: Database = {
      place: { bucket: 'b', prefix: 'cache' },
      async get(name, most) {
        const body = objects[name];
        return body && object(most ? body.subarray(0, most) : body);
      },
      put: async () => ({ kind: 'written' }),
      list: async (start) => ({
        names: [...Object.keys(objects), ...listed].filter((name) => name.startsWith(start)),
        next: undefined,
      }),
      ...{ delete: async () => [], warm: async () => {}, close() {} },
    };
    return inspectBucket(database, undefined);
  }

  it('lists no values, no objects that have gone, and no key that does not begin as asked', async () => {
    const longest = `b:${'y'.repeat(5_000)}`;
    const inspection = open(
      {
        [keys.encode('a:1')]: bodyOf('a:1', '"value"', '[1]'),
        [keys.encode('a:gone')]: Buffer.from(tombstone('a:gone')(id)),
        [keys.encode('a:other')]: Buffer.from('not ours'),
        [keys.encode(long('1'))]: bodyOf(long('1'), '1'),
        [keys.encode(long('2'))]: bodyOf(long('2'), '1'),
        [keys.encode(longest)]: bodyOf(longest, '"value"'),
      },
      [keys.encode('a:vanished'), keys.encode(`b:${'z'.repeat(5_000)}`)],
    );
    const all = async (start: string) => {
      const records = [];
      for await (const page of inspection.pages(start)) records.push(...page);
      return records;
    };
    const records = await all('');
    expect(records.map(({ key, kind }) => [key, kind])).toEqual([
      ...[
        ['a:1', 'value'],
        ['a:gone', 'tombstone'],
        ['a:other', 'foreign'],
      ],
      ...[
        [long('1'), 'value'],
        [long('2'), 'value'],
        [longest, 'value'],
      ],
    ]);
    const [first, gone] = records;
    expect(first).toMatchObject({ envelope: '[1]', raw: undefined, expiresAt: 5_000 });
    expect(gone).toMatchObject({ envelope: undefined, raw: undefined, expiresAt: 0 });
    expect((await all(long('1'))).map(({ key }) => key)).toEqual([long('1')]);
  });

  it('reads the entry and the value of one key', async () => {
    const inspection = open({
      [keys.encode('a')]: bodyOf('a', '"value"', '[1]'),
      [keys.encode('b')]: bodyOf('b', '"value"'),
    });
    expect(await inspection.read('a')).toMatchObject({ envelope: '[1]', raw: '"value"' });
    expect(await inspection.read('b')).toMatchObject({ envelope: undefined, raw: '"value"' });
  });
});
