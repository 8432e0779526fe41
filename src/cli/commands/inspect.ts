import { type Command, InvalidArgumentError } from 'commander';
import { storeCommand } from '../command.js';
import { UsageError } from '../exit.js';

export const inspectCommand = () =>
  storeCommand<{ write?: boolean; port?: number }>({
    usage: 'inspect',
    description:
      'Serve a web page on this machine that searches keys, shows an entry with its times, tags and versions, and follows the events of services that listen with inspector(). Read-only without --write.',
    examples: [
      'glasswork-cache inspect --table my-cache --prefix shop',
      'glasswork-cache inspect --redis redis://localhost --port 4000 --write',
    ],
    options(command: Command) {
      command
        .option('--port <n>', 'the port on 127.0.0.1 (default: a free one)', portNumber)
        .option('--write', 'let the page delete, expire and invalidate, which asks first');
    },
    async run({ options, terminal, target }) {
      const { inspect } = await import('../inspect/index.js');
      const { port = 0, write = false } = options;
      const { url, ended, unseen, ...others } = await inspect(target, { port, write }).catch(
        (error: NodeJS.ErrnoException) => {
          if (!/^(EADDRINUSE|EACCES)$/.test(error.code ?? '')) throw error;
          throw new UsageError(`Port ${port} is not free: give another one with --port.`);
        },
      );
      const json = { url, port: others.port, target: target.title, write };
      const mode = write ? 'with changes allowed' : 'read-only';
      await terminal.write(
        terminal.json
          ? `${JSON.stringify(json)}\n`
          : `The ${target.title}, ${mode}. Open in a browser on this machine:\n\n  ${url}\n\n`,
      );
      if (unseen !== undefined)
        terminal.note(`Events of services are not shown, because they cannot find it: ${unseen}`);
      if (!terminal.json) terminal.note(terminal.colors.dim('Ctrl-C ends it.'));
      await ended;
      return undefined;
    },
  });

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('Give a port, 1 to 65535.');
}
