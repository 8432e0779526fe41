import v8 from 'node:v8';
import type { SyncSerializer } from '@glasswork/cache';
import * as devalue from 'devalue';
import { SuperJSON } from 'superjson';

/** An amount of money as libraries make them: a class that says what its JSON is, and that superjson can be told of. */
export class Decimal {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
  toJSON(): string {
    return this.digits;
  }
  toString(): string {
    return this.digits;
  }
}

const superjson = new SuperJSON();
superjson.registerCustom<Decimal, string>(
  {
    isApplicable: (value): value is Decimal => value instanceof Decimal,
    serialize: String,
    deserialize: (digits) => new Decimal(digits),
  },
  'decimal',
);

const textOf = (raw: string | Uint8Array): string =>
  typeof raw === 'string' ? raw : new TextDecoder().decode(raw);

export const superjsonSerializer: SyncSerializer = {
  name: 'superjson',
  serialize: (value) => superjson.stringify(value),
  deserialize: (raw) => superjson.parse(textOf(raw)),
};

export const devalueSerializer: SyncSerializer = {
  name: 'devalue',
  serialize: (value) =>
    devalue.stringify(value, { Decimal: (it) => it instanceof Decimal && String(it) }),
  deserialize: (raw) =>
    devalue.parse(textOf(raw), { Decimal: (digits: string) => new Decimal(digits) }),
};

export const v8Serializer: SyncSerializer = {
  name: 'v8',
  serialize: (value) => v8.serialize(value),
  deserialize: (raw) => v8.deserialize(raw as Uint8Array),
};

type Values = readonly (readonly [what: string, make: () => unknown])[];

/** Values that each of these three preserves. */
export const DATA: Values = [
  ['a date', () => ({ at: new Date(5) })],
  ['a map of sets', () => new Map([['a', new Set([1, 'b'])]])],
  ['a BigInt', () => [10n ** 20n, { n: 1n }]],
  ['bytes', () => ({ bytes: new Uint8Array([0, 1, 255]) })],
  ['text', () => 'text'],
  ['an undefined field', () => ({ a: undefined, b: 1 })],
];
const INSTANCES: Values = [['an instance of a class', () => ({ price: new Decimal('9.99') })]];

/** With the values that each of them gives back as they were. */
export const foreignSerializers: readonly (readonly [SyncSerializer, Values])[] = [
  [superjsonSerializer, [...DATA.filter(([what]) => what !== 'bytes'), ...INSTANCES]],
  [devalueSerializer, [...DATA, ...INSTANCES]],
  [v8Serializer, DATA],
];
