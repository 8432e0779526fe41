import { storeCommand } from '../command.js';
import { EXIT } from '../exit.js';
import { errorJSON, errorText } from '../report-error.js';
import { printable } from '../terminal.js';

export const checkCommand = () =>
  storeCommand<object>({
    usage: 'check',
    description:
      'Prove in one line that the cache works: read, fill, fence, invalidate, tag. For a pipeline; doctor says more.',
    examples: ['glasswork-cache check --table my-cache --prefix shop && deploy'],
    async run({ terminal, target }) {
      const started = performance.now();
      try {
        await target.service.check();
      } catch (error) {
        const json = { ok: false, target: target.title, error: errorJSON(error) };
        const text = terminal.json
          ? JSON.stringify(json)
          : `${terminal.colors.red('FAILED')} ${errorText(error)}`;
        await terminal.write(`${text}\n`);
        return EXIT.no;
      }
      const ms = Math.round(performance.now() - started);
      const text = terminal.json
        ? JSON.stringify({ ok: true, target: target.title, ms })
        : `${terminal.colors.green('ok')} ${printable(target.title)} (${ms} ms)`;
      await terminal.write(`${text}\n`);
      return EXIT.done;
    },
  });
