import type { Figures } from './demo.js';

/** Why the figures do not show what a cache is for; nothing when they do. */
export function problemsOf(figures: Figures, errors: readonly string[]): string[] {
  const problems: string[] = [];
  if (figures.errors > 0) problems.push(`${figures.errors} errors, the first: ${errors[0]}`);
  if (!(figures.hitRatio > 0)) problems.push('Nothing was answered from the cache.');
  if (!(figures.p50Ms < figures.p50MsWithout)) {
    problems.push(
      `The median with the cache (${figures.p50Ms} ms) is not below the one without (${figures.p50MsWithout} ms).`,
    );
  }
  return problems;
}
