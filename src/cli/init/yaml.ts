import type { Value } from './blueprint.js';

/** YAML of a value, with CloudFormation's short tags. `depth` is the number of its indents. */
export function yaml(value: Value, depth = 0): string {
  const tag = tagged(value);
  if (tag !== undefined) return ` ${tag}\n`;
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []\n';
    return `\n${value.map((each) => item(each, depth)).join('')}`;
  }
  if (typeof value === 'object') {
    const lines = Object.entries(value).map(
      ([name, each]) => `${indent(depth)}${scalar(name)}:${yaml(each, depth + 1)}`,
    );
    return lines.length === 0 ? ' {}\n' : `\n${lines.join('')}`;
  }
  return ` ${scalar(value)}\n`;
}

const indent = (depth: number): string => '  '.repeat(depth);

function item(value: Value, depth: number): string {
  const text = yaml(value, depth + 1);
  // A mapping begins on the line of its dash.
  if (text.startsWith('\n')) return `${indent(depth)}- ${text.slice(1 + 2 * (depth + 1))}`;
  return `${indent(depth)}-${text}`;
}

function tagged(value: Value): string | undefined {
  const [[name, argument] = []] = Object.entries(value);
  if (name === 'Ref') return `!Ref ${scalar(String(argument))}`;
  if (name === 'Fn::Sub') return `!Sub ${scalar(String(argument))}`;
  if (name === 'Fn::GetAtt') return `!GetAtt ${argument.join('.')}`;
  if (name === 'Fn::If') return `!If [${argument.map(flow).join(', ')}]`;
  return undefined;
}

const flow = (value: Value): string =>
  Array.isArray(value)
    ? `[${value.map(flow).join(', ')}]`
    : (tagged(value) ?? scalar(String(value)));

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  // Anything that YAML could read as another type, or as syntax.
  const isPlain =
    /^[A-Za-z/][\w ./${}:*+-]*$/.test(value) &&
    !/: |:$|^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
