import { type Clock, S3CacheStore } from '@glasswork/cache';
import { type S3Answer, S3Bucket, type S3Request } from '../servers/s3-bucket.js';
import type { Point } from './gates.js';
import type { CreateSubject, World } from './subject.js';

type Input = Readonly<Record<string, unknown>>;
type Answer = Promise<Record<string, unknown>>;
type Method = (typeof METHODS)[number];

const METHODS = ['getObject', 'putObject', 'listObjectsV2', 'deleteObjects'] as const;

/** The signature of a request lives no longer. */
const REQUEST_LIFE_MS = 15 * 60_000;
/** The template's rules: what is older goes within a day. */
const DAY_MS = 24 * 60 * 60_000;
const LIVES_MS = { 'cache/v/': DAY_MS, 'cache/r/': 400 * DAY_MS } as const;

/**
 * S3CacheStores over one bucket of the tests' own endpoint, each with a client of its own that waits and fails below
 * the store: its ETags and its conditional writes are what is tested.
 *
 * `mutate`: changes a request, to see that the checks would find out.
 */
export function s3(mutate = (request: S3Request) => request): CreateSubject {
  return (world) => {
    const bucket = new Bucket(world, mutate);
    const store = (clock: Clock, client: object) =>
      new S3CacheStore({ bucket: 'bucket', clock, client });
    return {
      process: (index, clock) => store(clock, failingClient(bucket, world, index)),
      audit: store(
        world.time,
        methods((method, input) => world.gates.busy(() => bucket.send(method, input, 1))),
      ),
      elapsed: async () => bucket.expire(),
    };
  };
}

/** The bucket as a client of the SDK answers for it. */
class Bucket {
  readonly #bucket = new S3Bucket('us-east-1');
  readonly #world: World;
  readonly #mutate: (request: S3Request) => S3Request;
  readonly #writtenMs = new Map<string, number>();

  constructor(world: World, mutate: (request: S3Request) => S3Request) {
    this.#world = world;
    this.#mutate = mutate;
    this.#bucket.pageSize = 3;
  }

  async send(method: Method, input: Input, attempts: number): Answer {
    const request = this.#mutate(requestOf(method, input));
    const answer = this.#bucket.answer(request);
    if (answer.status >= 300) throw sdkError(answer, attempts);
    if (method === 'putObject') this.#written(request);
    return responseOf(method, answer);
  }

  /** The lifecycle rules of the bucket. */
  expire(): void {
    const now = this.#world.time.now();
    for (const [folder, lifeMs] of Object.entries(LIVES_MS)) {
      for (const name of this.#bucket.objects.keys()) {
        const writtenMs = this.#writtenMs.get(name) ?? now;
        if (name.startsWith(folder) && now - writtenMs > lifeMs) this.#bucket.objects.delete(name);
      }
    }
  }

  #written({ name, body }: S3Request): void {
    this.#writtenMs.set(name, this.#world.time.now());
    const [, , , value] = body.toString().split('\n');
    if (value) this.#world.oracle.stored(JSON.parse(value));
  }
}

function requestOf(method: Method, input: Input): S3Request {
  const { Key, Body, Range, IfMatch, IfNoneMatch, Prefix, ContinuationToken, Delete } = input;
  const headers = {
    range: text(Range),
    'if-match': text(IfMatch),
    'if-none-match': text(IfNoneMatch),
    // The SDK adds this to a deletion.
    'x-amz-checksum-crc32': 'AAAAAA==',
  };
  const parts = { bucket: 'bucket', name: text(Key) ?? '', query: new URLSearchParams(), headers };
  const body = Body instanceof Uint8Array ? Buffer.from(Body) : Buffer.alloc(0);
  switch (method) {
    case 'getObject':
      return { ...parts, method: 'GET', body };
    case 'putObject':
      return { ...parts, method: 'PUT', body };
    case 'listObjectsV2': {
      const query = new URLSearchParams({ 'list-type': '2', prefix: text(Prefix) ?? '' });
      if (ContinuationToken) query.set('continuation-token', String(ContinuationToken));
      return { ...parts, method: 'GET', query, body };
    }
    case 'deleteObjects': {
      const { Objects } = Delete as { Objects: readonly { Key: string }[] };
      const xml = Objects.map((object) => `<Object><Key>${object.Key}</Key></Object>`).join('');
      const query = new URLSearchParams({ delete: '' });
      return { ...parts, method: 'POST', query, body: Buffer.from(xml) };
    }
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

function responseOf(method: Method, { headers = {}, body = '' }: S3Answer) {
  const bytes = Buffer.from(body);
  if (method !== 'listObjectsV2')
    return { ETag: headers.etag, Body: { transformToByteArray: async () => bytes } };
  const xml = bytes.toString();
  const [, next] = /<NextContinuationToken>([^<]*)</.exec(xml) ?? [];
  const Contents = Array.from(xml.matchAll(/<Key>([^<]*)</g), ([, Key]) => ({ Key }));
  return { Contents, NextContinuationToken: next };
}

function sdkError({ status, body = '' }: S3Answer, attempts: number): Error {
  const [, name = 'Unknown'] = /<Code>(\w+)</.exec(String(body)) ?? [];
  const $metadata = { httpStatusCode: status, attempts };
  return Object.assign(new Error(name), { name, $metadata });
}

const methods = (call: (method: Method, input: Input) => Answer): object =>
  Object.fromEntries(METHODS.map((method) => [method, (input: Input) => call(method, input)]));

/** The client of one process, which tries again as the SDK does: the same request. */
function failingClient(bucket: Bucket, world: World, index: number): object {
  const { gates, random, time, faults, faultRate, gaps, log } = world;

  const held = async (point: Point, label: string): Promise<void> => {
    const since = time.now();
    const sent = point === 'replay' || (point === 'request' && random.chance(0.5));
    await gates.wait(index, point, label, sent ? 'network' : 'process');
    const ends = sent || (point === 'request' && gaps.includes('lateFill'));
    if (ends && time.now() - since > REQUEST_LIFE_MS) throw failure(label, 'it has expired');
  };

  return methods(async (method, input) => {
    const kind = random.chance(faultRate()) ? random.pick(faults) : undefined;
    const label = `${method} ${input.Key ?? input.Prefix ?? ''} ${input.IfMatch ?? input.IfNoneMatch ?? ''}`;
    if (kind) log(`  p${index} fault: ${kind} for ${label}`);
    const apply = (attempts: number) => gates.busy(() => bucket.send(method, input, attempts));
    await held('request', label);
    if (kind === 'error') throw failure(label, 'it was not applied');
    if (kind === 'hang') {
      if (random.chance(0.5)) await apply(1).catch(() => {});
      return new Promise(() => {});
    }
    const answer = await settled(apply(1));
    if (kind === 'lost-reply') {
      await held('request', label);
      if (random.chance(0.3)) throw failure(label, 'it was applied anyway');
      const second = await settled(apply(2));
      await held('reply', label);
      return second();
    }
    // Every write, that of `set` too: each has a condition.
    if (kind === 'replay' && method === 'putObject') {
      held('replay', label)
        .then(() => apply(2))
        .catch(() => {});
    }
    await held('reply', label);
    return answer();
  });
}

/** An outcome for later. */
const settled = (promise: Answer): Promise<() => Answer> =>
  promise.then(
    (value) => async () => value,
    (error) => async () => {
      throw error;
    },
  );

const failure = (label: string, what: string) =>
  Object.assign(new Error(`${label} failed on purpose: ${what}.`), { name: 'InternalError' });
