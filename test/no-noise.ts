import { afterEach, expect } from 'vitest';

/** Console lines of services without `onEvent`: a test that provokes failures listens, or spies. */
const lines: string[] = [];
const warn = console.warn;
console.warn = (...args: unknown[]) => {
  if (String(args[0]).startsWith('@glasswork/cache: ')) lines.push(String(args[0]));
  else warn(...args);
};

afterEach(() => {
  expect(lines.splice(0), 'lines on the console: pass onEvent, or spy on console.warn').toEqual([]);
});
