import { CacheError, withoutPasswords } from '../model/errors.js';
import { EXIT, UsageError } from './exit.js';
import { printable } from './terminal.js';

/** The message of an error on one line, without passwords and characters that would control a terminal. */
export function errorText(error: unknown): string {
  const text = String(Object(error).message ?? error);
  return printable(withoutPasswords(text).replace(/\s*\n\s*/g, ' '));
}

export function errorJSON(error: unknown): object {
  if (error instanceof CacheError) return error.toJSON();
  const { name = 'Error', code }: { name?: string; code?: string } = Object(error);
  return { name, code, message: errorText(error) };
}

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof CacheError && /^INVALID_/.test(error.code)) return EXIT.usage;
  return EXIT.failed;
}
