import fc from 'fast-check';

/** A class whose instances no serializer here can bring back. */
export class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
class OwnMap extends Map {}
class OwnError extends TypeError {}

const date = fc.date({ noInvalidDate: true });
const url = fc.webUrl().map((text) => new URL(text));
const bytes = fc.uint8Array().map((array) => Buffer.from(array));
const regExp = fc.constantFrom(/a/, /[<"\\/]\u2028/giu, /(?:)/, /^(?<name>x)*$/dms);
const usedRegExp = fc.nat(9).map((lastIndex) => Object.assign(/a/g, { lastIndex }));
const view = fc
  .tuple(fc.uint8Array({ minLength: 8, maxLength: 64 }), fc.nat(7))
  .map(([array, from]) => array.subarray(from));
const buffer = fc.uint8Array().map((array) => new Uint8Array(array).buffer);

/** Values that no text can hold unchanged. */
const hopeless = fc.constantFrom<unknown>(
  () => 1,
  Symbol('s'),
  new Point(1),
  new OwnMap(),
  new OwnError('own'),
  new WeakMap(),
  Promise.resolve(1),
  Object.assign([1], { extra: 1 }),
  Object.assign(new Date(0), { extra: 1 }),
  Object.assign(new Map(), { [Symbol('s')]: 1 }),
  { [Symbol('s')]: 1 },
  { [Symbol.toStringTag]: 'Map' },
  new SharedArrayBuffer(1),
);

const leaf = fc.oneof(
  { weight: 6, arbitrary: anything() },
  date,
  url,
  bytes,
  regExp,
  usedRegExp,
  view,
  buffer,
);

function anything(): fc.Arbitrary<unknown> {
  return fc.anything({
    maxDepth: 2,
    withBigInt: true,
    withBoxedValues: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  });
}

/** Any data, nested and shared, with errors; `hostile` with parts that cannot come back. */
export const data = (hostile = false): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    part: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      hostile ? fc.oneof({ weight: 9, arbitrary: leaf }, { weight: 1, arbitrary: hopeless }) : leaf,
      fc.array(tie('part'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('part'), { maxKeys: 4, noNullPrototype: false }),
      fc.array(fc.tuple(tie('part'), tie('part')), { maxLength: 3 }).map((list) => new Map(list)),
      fc.array(tie('part'), { maxLength: 3 }).map((list) => new Set(list)),
      tie('part').map((shared) => [shared, { shared }]),
      fc.tuple(fc.string(), tie('part')).map(([text, cause]) => new RangeError(text, { cause })),
      fc.array(tie('part'), { maxLength: 3 }).map((list) => new AggregateError(list, 'many')),
    ),
  })).part;

/** JSON data without the one name that devalue refuses because it can change a prototype. */
export const jsonData = (): fc.Arbitrary<fc.JsonValue> =>
  fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
