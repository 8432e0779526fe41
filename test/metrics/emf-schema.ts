import { Ajv } from 'ajv';

/** CloudWatch's limits on a name. */
const name = { type: 'string', minLength: 1, maxLength: 255 };
const closed = { type: 'object', additionalProperties: false };

const UNITS = ['Bytes', 'Count', 'Milliseconds', 'Seconds', 'Percent', 'None'];

/**
 * A document of the Embedded Metric Format, after CloudWatch's specification of it: the metadata, and for every metric
 * and dimension that it names a member of the root.
 */
const DOCUMENT = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      ...closed,
      required: ['Timestamp', 'CloudWatchMetrics'],
      properties: {
        Timestamp: { type: 'integer', minimum: 0 },
        CloudWatchMetrics: {
          type: 'array',
          minItems: 1,
          items: {
            ...closed,
            required: ['Namespace', 'Dimensions', 'Metrics'],
            properties: {
              Namespace: name,
              Dimensions: {
                type: 'array',
                minItems: 1,
                items: { type: 'array', maxItems: 30, uniqueItems: true, items: name },
              },
              Metrics: {
                type: 'array',
                minItems: 1,
                maxItems: 100,
                items: {
                  ...closed,
                  required: ['Name'],
                  properties: {
                    Name: name,
                    Unit: { enum: UNITS },
                    StorageResolution: { enum: [1, 60] },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

const number = { type: 'number' };
const target = { anyOf: [number, { type: 'array', minItems: 1, maxItems: 100, items: number }] };
const LONGEST_LINE = 256 * 1024;

const validate = new Ajv().compile(DOCUMENT);

export interface Document {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

/** Parses one line. Throws with what is wrong with it. */
export function parseEmf(line: string): Document {
  if (line.includes('\n') || line.length > LONGEST_LINE) throw new Error('not one line of 256 KB');
  const document = JSON.parse(line);
  if (!validate(document)) throw new Error(JSON.stringify(validate.errors));
  const { CloudWatchMetrics } = (document as Document)._aws;
  const metrics = CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
  const dimensions = CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions.flat());
  const members = new Ajv().compile({
    type: 'object',
    required: [...new Set([...metrics, ...dimensions])],
    properties: {
      ...Object.fromEntries(dimensions.map((each) => [each, { type: 'string', minLength: 1 }])),
      ...Object.fromEntries(metrics.map((each) => [each, target])),
    },
  });
  if (!members(document)) throw new Error(JSON.stringify(members.errors));
  return document as Document;
}
