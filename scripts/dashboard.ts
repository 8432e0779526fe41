import { parse } from 'yaml';

/** One line of a chart: a metric, or an expression over others. */
export interface ChartLine {
  readonly namespace?: string;
  readonly name?: string;
  readonly dimensions?: readonly string[];
  readonly expression?: string;
  readonly id?: string;
  readonly label?: string;
  readonly stat?: string;
  readonly visible?: boolean;
}

export interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title: string;
    readonly stat?: string;
    readonly stacked?: boolean;
    readonly yAxis?: { readonly left?: { readonly min?: number; readonly max?: number } };
    readonly metrics: readonly ChartLine[];
  };
}

export interface Dashboard {
  readonly widgets: readonly Widget[];
}

/** The dashboard in a template, as CloudFormation would create it for a function "api" and the namespace "Shop/Cache". */
export function dashboardOf(template: string): Dashboard {
  const tags = ['!Ref', '!Sub', '!GetAtt', '!If', '!Not', '!Equals'];
  const customTags = tags.flatMap((tag) => [
    { tag, resolve: (text: string) => text },
    { tag, collection: 'seq' as const },
  ]);
  const { Resources } = parse(template, { customTags });
  const values = { 'AWS::Region': 'eu-central-1', Namespace: 'Shop/Cache', FunctionName: 'api' };
  const body = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`\${${name}}`, value),
    String(Resources.Dashboard.Properties.DashboardBody),
  );
  const { widgets } = JSON.parse(body);
  return { widgets: widgets.map(readable) };
}

/** A metric is a list in a dashboard: namespace, name, dimensions, and options last. */
function readable(widget: { properties: { metrics: (string | object)[][] } }): Widget {
  const metrics = widget.properties.metrics.map((parts) => {
    const texts = parts.filter((part) => typeof part === 'string');
    const [namespace, name, ...dimensions] = texts;
    return { ...(name && { namespace, name, dimensions }), ...Object(parts.at(-1)) };
  });
  // The rest is as CloudWatch has it, and the test of the template checks its form.
  return { ...widget, properties: { ...widget.properties, metrics } } as unknown as Widget;
}
