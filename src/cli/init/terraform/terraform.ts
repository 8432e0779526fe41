import { type Body, isList, type Reference, type Term, type TerraformModel } from './model.js';

const VPC_VARIABLES = `variable "vpc_id" {
  type        = string
  description = "The VPC of the cache and the functions"
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets in two availability zones or more"
}

`;

export function terraform({
  description,
  isInVpc,
  resources,
  environment,
}: TerraformModel): string {
  const blocks = resources.map(
    ({ type, name, body }) => `resource "${type}" "${name}" {\n${lines(body, 1)}}\n`,
  );
  const group = isInVpc
    ? `\noutput "cache_function_security_group_id" {\n  value = aws_security_group.cache_function.id\n}\n`
    : '';
  return `# ${description}

variable "alarm_topic_arns" {
  type        = list(string)
  default     = []
  description = "The SNS topics that alarms tell"
}

${isInVpc ? VPC_VARIABLES : ''}${blocks.join('\n')}
# For the environment of each function that uses the cache.
output "cache_environment" {
  value = ${term({ map: environment }, 1)}
}

# For the role of each function: aws_iam_role_policy_attachment.
output "cache_writer_policy_arn" {
  value = aws_iam_policy.cache_writer.arn
}
${group}`;
}

const indent = (depth: number): string => '  '.repeat(depth);

function lines(body: Body, depth: number): string {
  return Object.entries(body)
    .map(
      ([name, value]) =>
        blocksOf(value)
          ?.map((each) => `${indent(depth)}${name} {\n${lines(each, depth + 1)}${indent(depth)}}\n`)
          .join('') ?? `${indent(depth)}${name} = ${term(value, depth)}\n`,
    )
    .join('');
}

function blocksOf(value: Term): readonly Body[] | undefined {
  if (typeof value !== 'object') return undefined;
  if ('blocks' in value) return value.blocks;
  return 'block' in value ? [value.block] : undefined;
}

function term(value: Term, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map((each) => term(each, depth)).join(', ')}]`;
  if ('map' in value) return mapping(value.map, depth);
  if ('document' in value) return `jsonencode(${mapping(value.document, depth)})`;
  if ('reference' in value) return path(value.reference);
  if ('variable' in value) return `var.${value.variable}`;
  if ('block' in value) return mapping(value.block, depth);
  if ('blocks' in value) return `[${value.blocks.map((each) => mapping(each, depth)).join(', ')}]`;
  return `"${value.template.map((part) => (typeof part === 'string' ? part : `\${${path(part)}}`)).join('')}"`;
}

const mapping = (body: Body, depth: number): string =>
  `{\n${Object.entries(body)
    .map(([name, value]) => `${indent(depth + 1)}${name} = ${term(value, depth + 1)}\n`)
    .join('')}${indent(depth)}}`;

const path = ({ type, name, attribute }: Reference): string => `${type}.${name}.${attribute}`;
