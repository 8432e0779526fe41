import { CommanderError } from 'commander';
import { EXIT } from './exit.js';
import { createProgram } from './program.js';
import { errorJSON, errorText, exitCodeOf } from './report-error.js';
import { printableJSON } from './terminal.js';

declare const GLASSWORK_CACHE_VERSION: string;

// A pipe that closes, as in `ls --all | head`, ends the program quietly. So does the loss of the error output.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    throw error;
  });

process.once('SIGINT', () => {
  process.stderr.write('\nInterrupted.\n');
  process.exit(EXIT.interrupted);
});

// Stores let an idle process end, but a command is not done before it has printed its result.
const alive = setInterval(() => {}, 60_000);

try {
  await createProgram(GLASSWORK_CACHE_VERSION).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) {
    process.exitCode = exitCodeOf(error);
    const text = process.argv.includes('--json')
      ? printableJSON(JSON.stringify({ error: errorJSON(error) }))
      : `error: ${errorText(error)}`;
    process.stderr.write(`${text}\n`);
  }
} finally {
  clearInterval(alive);
}
