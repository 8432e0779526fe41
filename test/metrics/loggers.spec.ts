import { Writable } from 'node:stream';
import { Logger } from '@aws-lambda-powertools/logger';
import type { CacheListener } from '@glasswork/cache';
import { type LoggerOptions, pinoLogger, powertoolsLogger } from '@glasswork/cache/metrics';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorOf } from '../errors.js';
import { EVENTS } from './events.js';

type Line = Record<string, unknown>;

const OWN = { name: undefined, hostname: undefined, pid: undefined, time: undefined };

function withPino(level: string, options?: LoggerOptions) {
  const lines: Line[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push({ ...JSON.parse(String(chunk)), ...OWN });
      done();
    },
  });
  return { listener: pinoLogger(pino({ level }, stream), options), lines };
}

/** Powertools writes through a console of its own, unless it is told to use the global one. */
function withPowertools(make: (logger: Logger) => CacheListener, logLevel: 'TRACE' | 'WARN') {
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const lines: Line[] = [];
  const note = (line: unknown) => void lines.push(JSON.parse(String(line)));
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'log'] as const)
    vi.spyOn(console, level).mockImplementation(note);
  return { listener: make(new Logger({ serviceName: 'test', logLevel })), lines };
}

const levelsOf = (lines: readonly Line[]) =>
  Object.fromEntries(lines.map(({ level, msg, message }) => [String(msg ?? message), level]));

describe('a logger by pino', () => {
  it('gets a line for each event, at the level of its kind', () => {
    const { listener, lines } = withPino('trace');
    for (const event of EVENTS) listener(event);
    expect(lines).toHaveLength(EVENTS.length);
    const { trace, debug, info, warn, error } = pino.levels.values;
    expect(levelsOf(lines)).toMatchObject({
      'cache hit': trace,
      'cache store': trace,
      'cache miss': debug,
      'cache fill': debug,
      'cache edge-invalidate': info,
      'cache breaker': warn,
      'cache load-error': warn,
      'cache store-error': error,
      'cache corrupt': error,
    });
    expect(lines).toContainEqual({
      ...OWN,
      level: error,
      msg: 'cache store-error',
      cache: { type: 'store-error', operation: 'read lease', error: { code: 'TIMEOUT' } },
    });
  });

  it('gets no keys and no messages', () => {
    const { listener, lines } = withPino('trace');
    for (const event of EVENTS) listener(event);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('gets keys and messages on request', () => {
    const { listener, lines } = withPino('trace', { keys: true });
    for (const event of EVENTS) listener(event);
    expect(lines[0]?.cache).toMatchObject({ key: 'user:secret' });
    expect(lines.find(({ msg }) => msg === 'cache store-error')?.cache).toMatchObject({
      error: { code: 'TIMEOUT', message: expect.stringContaining('secret') },
    });
  });

  it('is asked for its level first', () => {
    const { listener, lines } = withPino('warn');
    const read = vi.fn(() => 1);
    const hit = { type: 'hit', key: 'k', state: 'fresh', ageMs: 1 } as const;
    listener(Object.defineProperty({ ...hit }, 'ageMs', { enumerable: true, get: read }));
    expect(read).not.toHaveBeenCalled();
    listener({ type: 'breaker', state: 'open' });
    expect(lines).toMatchObject([{ msg: 'cache breaker', cache: { state: 'open' } }]);
  });
});

describe('Powertools', () => {
  it.each([
    ['powertoolsLogger', (logger: Logger) => powertoolsLogger(logger)],
    ['pinoLogger, which knows it by its structure', (logger: Logger) => pinoLogger(logger)],
  ])('gets the message first, through %s', (_name, make) => {
    const { listener, lines } = withPowertools(make, 'TRACE');
    for (const event of EVENTS) listener(event);
    expect(lines).toHaveLength(EVENTS.length);
    expect(levelsOf(lines)).toMatchObject({
      'cache hit': 'TRACE',
      'cache miss': 'DEBUG',
      'cache edge-invalidate': 'INFO',
      'cache breaker': 'WARN',
      'cache store-error': 'ERROR',
    });
    expect(lines.find(({ message }) => message === 'cache store-error')).toMatchObject({
      service: 'test',
      cache: { type: 'store-error', operation: 'read lease', error: { code: 'TIMEOUT' } },
    });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});

it.each([undefined, {}, { info: console.info }])('needs a logger: %s is none', (logger) => {
  for (const make of [pinoLogger, powertoolsLogger]) {
    const run = () => make(logger as never);
    expect(errorOf(run)).toMatchObject({ code: 'INVALID_OPTION', subject: 'logger' });
  }
});
