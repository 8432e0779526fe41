/** The name that S3 gave the error, such as `AccessDenied`. */
export const typeOf = (error: unknown): string => String(Object(Object(error).cause).name ?? '');

export const isDenied = (error: unknown): boolean =>
  /^(AccessDenied|Forbidden|HTTP 403)/.test(typeOf(error));
