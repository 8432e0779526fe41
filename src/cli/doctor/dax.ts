import { type AwsApi, AwsError } from '../aws-api.js';
import { spanText } from '../format.js';
import { type Finding, note, ok, PAGES, problem, warning } from './finding.js';

/** The item TTL of the template that `init` prints, milliseconds. */
const LONGEST_MS = 60_000;

interface Cluster {
  readonly Status?: string;
  readonly TotalNodes?: number;
  readonly ActiveNodes?: number;
  readonly ClusterEndpointEncryptionType?: string;
  readonly ParameterGroup?: { readonly ParameterGroupName?: string };
}

/** The cluster in front of the table, from the outside: only a program inside its VPC can connect to it. */
export async function* examineDax(api: AwsApi | undefined, name: string): AsyncGenerator<Finding> {
  if (!api) {
    yield note('DAX', 'not examined, because the table is not on AWS');
    return;
  }
  try {
    const { body } = await api.call('DescribeClusters', { ClusterNames: [name] });
    const [cluster] = Object(body.Clusters);
    if (cluster) yield* judgeCluster(name, cluster);
    else yield missing(name);
    const group = Object(cluster?.ParameterGroup).ParameterGroupName;
    if (group) yield await itemTTL(api, group);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (/ClusterNotFound/.test(error.code)) yield missing(name);
    else if (error.isDenied)
      yield note('DAX', `not examined, because the role may not call dax:${error.action}`);
    else throw error;
  }
}

const missing = (name: string): Finding =>
  problem(
    'DAX',
    `there is no cluster "${name}" in this account and region`,
    'Give --dax the name of the cluster, and --region',
    PAGES.dax,
  );

export function* judgeCluster(name: string, cluster: Cluster): Generator<Finding> {
  const { Status, TotalNodes = 0, ActiveNodes = 0, ClusterEndpointEncryptionType } = cluster;
  const text = `"${name}" is ${Status}, ${ActiveNodes} of ${TotalNodes} nodes are active`;
  if (Status !== 'available' && Status !== 'modifying')
    yield problem('DAX', text, 'Wait, or look at the events of the cluster', PAGES.dax);
  else if (ActiveNodes < TotalNodes)
    yield warning('DAX', text, 'Look at the events of the cluster', PAGES.dax);
  else if (TotalNodes === 1)
    yield warning(
      'DAX',
      `${text}: every call fails while it is replaced`,
      'Give it two nodes or more, in several zones',
      PAGES.dax,
    );
  else yield ok('DAX', text);
  if (ClusterEndpointEncryptionType === 'TLS') yield ok('DAX encryption', 'TLS');
  else
    yield warning(
      'DAX encryption',
      'values travel to the cluster in plain text',
      'Create the cluster with ClusterEndpointEncryptionType TLS, which cannot be changed later',
      PAGES.dax,
    );
}

async function itemTTL(api: AwsApi, ParameterGroupName: string): Promise<Finding> {
  const { body } = await api.call('DescribeParameters', { ParameterGroupName });
  const parameters: { ParameterName?: string; ParameterValue?: string }[] =
    Object(body).Parameters ?? [];
  const found = parameters.find(({ ParameterName }) => ParameterName === 'record-ttl-millis');
  const ms = Number(found?.ParameterValue);
  if (Number.isNaN(ms)) return note('DAX item TTL', 'the parameter group does not say');
  if (ms > 0 && ms <= LONGEST_MS) return ok('DAX item TTL', spanText(ms));
  return warning(
    'DAX item TTL',
    ms === 0
      ? 'items never expire, so that an invalidated value may be read for ever'
      : `an invalidated value may be read for ${spanText(ms)}`,
    `Set record-ttl-millis of the parameter group "${ParameterGroupName}" to ${LONGEST_MS} or less`,
    PAGES.dax,
  );
}
