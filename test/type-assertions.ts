/** True for two identical types, `any` and modifiers included. */
export type Same<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

/** True if each type is assignable to the other. */
export type Interchangeable<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** True if a value of `A` is assignable to `B`. */
export type Fits<A, B> = [A] extends [B] ? true : false;

/** Does not compile for anything but true. */
export type Assert<T extends true> = T;

/** Does not compile unless `value` has just the type `Expected`. */
export function hasType<Expected>() {
  return <Actual>(
    _value: Actual,
    ..._same: Same<Actual, Expected> extends true ? [] : [never]
  ): void => {};
}
