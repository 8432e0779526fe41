/** The characters of a header's name (RFC 9110, section 5.6.2). */
export const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
