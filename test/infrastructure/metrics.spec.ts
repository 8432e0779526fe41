import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { emf } from '@glasswork/cache/metrics';
import { App, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { describe, expect, it } from 'vitest';
import { dashboardOf } from '../../scripts/dashboard.js';
import { parseEmf } from '../metrics/emf-schema.js';
import { EVENTS } from '../metrics/events.js';
import { temporaryFolder } from '../temporary-folder.js';

const file = fileURLToPath(new URL('../../infrastructure/metrics.yaml', import.meta.url));
const template = readFileSync(file, 'utf8');
const { widgets } = dashboardOf(template);
const charted = widgets.flatMap(({ properties }) => properties.metrics);

/** The names and dimensions of all metrics that a function writes at some time. */
function written() {
  const lines: string[] = [];
  const metrics = emf({
    namespace: 'Shop/Cache',
    dimensions: { FunctionName: 'api' },
    write: (line) => lines.push(line),
  });
  for (const event of EVENTS) metrics(event);
  metrics.flush();
  const [directive] = parseEmf(lines[0] ?? '')._aws.CloudWatchMetrics;
  return { names: directive?.Metrics.map(({ Name }) => Name), dimensions: directive?.Dimensions };
}

describe('the template of the metrics', () => {
  it('has only properties that CloudFormation knows', () => {
    const outdir = temporaryFolder('metrics');
    const context = { '@aws-cdk/core:validateAgainstDefaultRules': true };
    const app = new App({ outdir, context });
    const stack = new Stack(app, 'Metrics');
    new CfnInclude(stack, 'Template', { templateFile: file });
    const { Resources } = app.synth().getStackByName('Metrics').template;
    const types = Object.values<{ Type: string }>(Resources).map(({ Type }) => Type);
    expect(types).toEqual([
      'AWS::CloudWatch::Dashboard',
      ...Array(5).fill('AWS::CloudWatch::Alarm'),
    ]);
  });

  it('shows and watches metrics that emf writes, with the dimension that it has on Lambda', () => {
    const { names, dimensions } = written();
    expect(dimensions).toEqual([['FunctionName']]);
    const watched = [...template.matchAll(/MetricName: (\S+)/g)].map(([, name]) => name);
    const shown = charted.flatMap(({ name }) => name ?? []);
    expect(watched.length).toBeGreaterThan(5);
    expect(shown.length).toBeGreaterThan(10);
    expect(names).toEqual(expect.arrayContaining([...watched, ...shown]));
    for (const line of charted.filter(({ name }) => name)) {
      expect(line).toMatchObject({
        namespace: 'Shop/Cache',
        dimensions: ['FunctionName', 'api'],
      });
    }
  });

  it('places its charts side by side, within the 24 columns of a dashboard', () => {
    const places = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, i) => [
        x + (i % width),
        y + Math.floor(i / width),
      ]),
    );
    expect(places.every(([x = 0]) => x >= 0 && x < 24)).toBe(true);
    expect(new Set(places.map(String)).size).toBe(places.length);
  });

  it('has expressions of metrics in the same chart', () => {
    for (const { properties } of widgets) {
      const ids = properties.metrics.flatMap(({ id }) => id ?? []);
      for (const { expression = '' } of properties.metrics) {
        const used = [...expression.matchAll(/FILL\((\w+)/g)].map(([, id]) => id);
        expect(ids).toEqual(expect.arrayContaining(used));
      }
    }
  });
});

it('is drawn in the docs', () => {
  const picture = readFileSync(new URL('../../docs/dashboard.svg', import.meta.url), 'utf8');
  for (const { properties } of widgets) expect(picture).toContain(properties.title);
});
