import { Metrics } from '@aws-lambda-powertools/metrics';
import { powertoolsMetrics } from '@glasswork/cache/metrics';
import { expect, it, onTestFinished, vi } from 'vitest';
import { errorOf } from '../errors.js';
import { parseEmf } from './emf-schema.js';
import { EVENTS } from './events.js';

it("publishes what has been summed up through Powertools' Metrics", () => {
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  // In development it is disabled unless it is told not to be.
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  onTestFinished(() => void vi.unstubAllEnvs());
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const listener = powertoolsMetrics(new Metrics({ namespace: 'Shop', serviceName: 'catalogue' }));
  for (const event of EVENTS) listener(event);
  listener.flush();
  listener.flush();
  const lines = log.mock.calls.map(([line]) => parseEmf(String(line)));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    service: 'catalogue',
    Hits: 2,
    'Misses.expired': 1,
    LoadTime: [12.346, 5],
    BytesRead: 100,
  });
});

it('publishes nothing if nothing has happened', () => {
  const published = vi.fn();
  powertoolsMetrics({ addMetric: () => {}, publishStoredMetrics: published }).flush();
  expect(published).not.toHaveBeenCalled();
});

it.each([undefined, {}, { addMetric: 1 }])('needs Metrics: %j is none', (metrics) => {
  const run = () => powertoolsMetrics(metrics as never);
  expect(errorOf(run)).toMatchObject({ code: 'INVALID_OPTION', subject: 'metrics' });
});
