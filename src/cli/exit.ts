/** The exit codes of every command. */
export const EXIT = {
  done: 0,
  /** The answer is no: a fault was found, or nothing that may be served. */
  no: 1,
  /** The command line is wrong, or a question could not be asked. */
  usage: 2,
  /** The store could not be reached, or refused. */
  failed: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** A problem that the user can solve by another command line. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}
