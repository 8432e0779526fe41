import type { Page } from '../pages/stored.js';
import { entityTag, type Judged, storedHeaders } from '../rules/judge.js';
import { bodyFields } from './body.js';

interface Details extends Pick<Page, 'key' | 'receivedMs'> {
  readonly tags: readonly string[];
  readonly bytes: Uint8Array;
  /** The option of the response cache. */
  readonly tagHeader: string | undefined;
}

/** The record of a response. One without a date or an entity tag gets them, so that it can be revalidated. */
export function pageOf(
  response: Response,
  { vary, isPublic, isExplicit, freshMs, ageMs, staleMs, errorMs }: Judged,
  { key, tags, bytes, receivedMs, tagHeader }: Details,
): Page {
  const { status } = response;
  const headers = Object.fromEntries(storedHeaders(response.headers, tagHeader));
  if (status === 200) headers.etag ??= entityTag(bytes);
  headers.date ??= new Date(receivedMs).toUTCString();
  const body = response.body === null ? {} : bodyFields(bytes);
  return {
    ...{ kind: 'page', key, status, headers, receivedMs, freshMs },
    ...(vary.length > 0 && { vary }),
    ...(tags.length > 0 && { tags }),
    ...(isPublic && { isPublic }),
    ...(isExplicit && { isExplicit }),
    ...(ageMs > 0 && { ageMs }),
    ...(staleMs > 0 && { staleMs }),
    ...(errorMs > 0 && { errorMs }),
    ...body,
  };
}
