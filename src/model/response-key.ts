/**
 * The keys of cached responses begin with this, so that any process can tell them from other keys, even one without a
 * response cache.
 */
export const RESPONSE_KEY = 'http:';

/**
 * True for the key of a cached response. All its variants carry a tag of the same name, so deleting the key means
 * invalidating the tag.
 */
export const isResponseKey = (key: string): boolean => key.startsWith(RESPONSE_KEY);
