/**
 * The name of no host. A part of a name has at most 63 characters, so no resolver is asked: a question that is lost would
 * be asked again after five seconds.
 */
export const NO_SUCH_HOST = `${'x'.repeat(64)}.invalid`;
