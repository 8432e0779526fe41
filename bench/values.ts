interface Sized {
  readonly id: number;
  readonly name: string;
  readonly address: { readonly city: string; readonly location: readonly number[] };
  readonly orders: readonly { readonly sku: string; readonly quantity: number }[];
  readonly text: string;
}

/** A record with nested parts, of exactly so many bytes as JSON; at least 300. */
export function recordOf(bytes: number): Sized {
  const value = (text: string): Sized => ({
    id: 4711,
    name: 'Ada Lovelace',
    address: { city: 'London', location: [51.5072, -0.1276] },
    orders: ['A-1', 'B-22', 'C-333', 'D-4444'].map((sku, i) => ({ sku, quantity: i + 1 })),
    text,
  });
  return sized(value('x'.repeat(bytes - JSON.stringify(value('')).length)), bytes);
}

/** A string of exactly so many bytes as JSON, its quotes included. */
export const stringOf = (bytes: number): string => sized('x'.repeat(bytes - 2), bytes);

/** @throws Error when the value has another length as JSON. */
export function sized<T>(value: T, bytes: number): T {
  const length = Buffer.byteLength(JSON.stringify(value));
  if (length === bytes) return value;
  throw new Error(`the value has ${length} bytes as JSON, not ${bytes}`);
}
