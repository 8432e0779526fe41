/** The tables of the embedded DynamoDB: one for each cache, so that none sees the others' records or units. */
export const TABLES = {
  traffic: 'traffic',
  trafficTiered: 'traffic-tiered',
  plain: 'get-and-set',
  ours: 'glasswork-cache',
} as const;
