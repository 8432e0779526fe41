import { invalid } from './errors.js';
import { givenObject } from './given.js';
import type { KeyPolicy } from './policy.js';
import { checkedTags } from './policy-rules.js';
import { checkPolicy } from './resolve-policy.js';

/**
 * Any schema of the Standard Schema specification: Valibot, Zod, ArkType and others.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
type OutputOf<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output'];

declare const valueType: unique symbol;

/** A key with the type of its value. It is an object, so that a plain string cannot be mistaken for one. */
export interface CacheKey<T, A extends readonly unknown[] = readonly unknown[]> {
  /** The name of the factory that made it: one word for logs and metrics. */
  readonly name: string;
  /** The key as text. */
  readonly key: string;
  /** The factory's arguments. */
  readonly args: A;
  readonly policy: KeyPolicy;
  toString(): string;
  readonly [valueType]?: () => T;
}

/** A key in any form: text, or an object such as a typed key. */
export type AnyKey = string | { readonly key: string; readonly policy: KeyPolicy };

export type KeyFactory<T, A extends readonly unknown[]> = (...args: A) => CacheKey<T, A>;

export type KeyOptions<A extends readonly unknown[]> = Omit<KeyPolicy, 'tags'> & {
  tags?: readonly string[] | ((...args: A) => readonly string[]) | undefined;
};

/**
 * Makes a factory of typed keys. The value's type comes from a schema, from `.of<T>()`, or from a type argument. A
 * schema also checks every value read, so a deployment that changes a shape never serves values of the old one.
 *
 * @throws CacheError `INVALID_OPTION`, `INVALID_DURATION` or `INVALID_KEY` that names the option; the factory, too, if its
 * function returns no text or no list of tags.
 *
 * @example
 * ```ts
 * import { createCacheKey } from '@glasswork/cache';
 * import * as v from 'valibot';
 *
 * const User = v.object({ id: v.string(), name: v.string() });
 *
 * export const CacheKeys = {
 *   user: createCacheKey('user', (id: string) => `user:${id}`, {
 *     schema: User,
 *     ttl: '5m',
 *     tags: (id) => [`user:${id}`],
 *   }),
 *   visits: createCacheKey('visits', (page: string, day: number) => `visits:${page}:${day}`).of<number>(),
 *   names: createCacheKey<string[]>('names', () => 'names'),
 * };
 * ```
 */
export function createCacheKey<S extends StandardSchemaV1, A extends readonly unknown[]>(
  name: string,
  key: (...args: A) => string,
  options: KeyOptions<NoInfer<A>> & { schema: S },
): KeyFactory<OutputOf<S>, A>;
export function createCacheKey<N extends string, A extends readonly unknown[]>(
  name: N,
  key: (...args: A) => string,
  options?: KeyOptions<NoInfer<A>> & { schema?: never },
): KeyFactory<unknown, A> & { of<T>(): KeyFactory<T, A> };
export function createCacheKey<T>(
  name: string,
  key: (...args: never[]) => string,
  options?: KeyOptions<unknown[]>,
): KeyFactory<T, unknown[]>;
export function createCacheKey(
  name: string,
  key: (...args: never[]) => string,
  options: Omit<KeyPolicy, 'tags'> & {
    tags?: readonly string[] | ((...args: never[]) => readonly string[]) | undefined;
    schema?: StandardSchemaV1 | undefined;
  } = {},
): unknown {
  if (typeof key !== 'function')
    throw invalid('key', key, 'a function that returns the key', 'INVALID_KEY');
  const { schema, tags, ...policy } = givenObject(options);
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw invalid('schema', schema, 'a Standard Schema');
  const lists = typeof tags === 'function' ? undefined : tags;
  checkPolicy({ ...policy, tags: lists });
  const definition = { name, schema };
  const factory = (...args: never[]) =>
    new TypedKey(definition, checkedKey(key(...args)), args, {
      ...policy,
      tags: typeof tags === 'function' ? checkedTags(tags(...args)) : tags,
    });
  // The number of arguments, for `memoize`.
  Object.defineProperty(factory, 'length', { value: key.length });
  return Object.assign(factory, { of: () => factory });
}

/** The part of a factory that all its keys share. */
interface Definition {
  readonly name: string;
  readonly schema: StandardSchemaV1 | undefined;
}

class TypedKey {
  readonly name: string;
  readonly key: string;
  readonly args: never[];
  readonly policy: KeyPolicy;
  readonly #schema: StandardSchemaV1 | undefined;

  constructor(definition: Definition, key: string, args: never[], policy: KeyPolicy) {
    this.name = definition.name;
    this.key = key;
    this.args = args;
    this.policy = policy;
    this.#schema = definition.schema;
  }

  toString(): string {
    return this.key;
  }

  static schemaOf(key: unknown): StandardSchemaV1 | undefined {
    return typeof key === 'object' && key !== null && #schema in key ? key.#schema : undefined;
  }
}

/** The schema of a typed key, if it has one. */
export const schemaOf = (key: AnyKey): StandardSchemaV1 | undefined => TypedKey.schemaOf(key);

/** The key's text. @throws CacheError `INVALID_KEY` if it has none. */
export const keyText = (key: AnyKey): string =>
  typeof key === 'string' ? key : checkedKey((typeof key === 'object' && key?.key) || key);

function checkedKey(key: unknown): string {
  if (typeof key === 'string') return key;
  throw invalid('key', key, 'text, or a key from a createCacheKey factory', 'INVALID_KEY');
}
