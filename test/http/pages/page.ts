import type { Page } from '../../../src/http/pages/stored.js';
import { START } from '../helpers.js';

/** A page that was received at the start of the test, fresh for a minute. */
export const page = (changes: Partial<Page> = {}): Page => ({
  ...{ kind: 'page', key: 'a.test/', status: 200, headers: {}, text: 'body', vary: [], tags: [] },
  ...{ receivedMs: START, ageMs: 0, freshMs: 60_000, staleMs: 0, errorMs: 0 },
  ...{ isPublic: false, isExplicit: false },
  ...changes,
});
