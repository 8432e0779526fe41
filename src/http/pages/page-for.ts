import { isCredentialed } from '../rules/judge.js';
import { matches } from '../rules/vary.js';
import { freshLeft, type Page, type Stored } from './stored.js';

/**
 * The record if it is a response of this URL that the request may have: one selected by the same header values, and one
 * that says so if the request has credentials.
 */
export const pageFor = (
  headers: Headers,
  key: string,
  value: Stored | undefined,
): Page | undefined =>
  value?.kind === 'page' &&
  value.key === key &&
  matches(headers, value.vary) &&
  (value.isPublic || !isCredentialed(headers))
    ? value
    : undefined;

/** The same, if the response is fresh. */
export function freshPageFor(
  headers: Headers,
  key: string,
  value: Stored | undefined,
  now: number,
): Page | undefined {
  const page = pageFor(headers, key, value);
  return page && freshLeft(page, now) > 0 ? page : undefined;
}
