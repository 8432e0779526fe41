/**
 * The keys of cached responses begin with this, so that any process can tell them from other keys, even one without a
 * response cache.
 */
export const RESPONSE_KEY = 'http:';

/**
 * True for the key of a cached response. Deleting it means deleting the response that is stored without header values, and
 * invalidating the tag of the same name, which all other variants carry.
 */
export const isResponseKey = (key: string): boolean => key.startsWith(RESPONSE_KEY);

/** The key of the response that is stored without header values. A key of a URL holds no `#`. */
export const firstVariantKey = (key: string): string => `${key}#`;
