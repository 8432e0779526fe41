import type { Refusal } from './error.js';
import type { Place } from './place.js';

/** The next steps for errors, by name and message. The first match counts. */
export type Remedies<
  P extends Place = Place,
  Operation = unknown,
  R extends Refusal = Refusal,
> = readonly (readonly [
  pattern: RegExp,
  remedy: string | ((place: P, operation: Operation, refusal: R) => string),
])[];

export const CREDENTIALS: Remedies = [
  [
    /^ExpiredToken|token .*expired|\bSSO\b/,
    'The credentials have expired. Renew them (for SSO: `aws sso login`); keys in the environment need a new process',
  ],
  [
    /^UnrecognizedClient|^InvalidClientTokenId|^InvalidAccessKeyId|^InvalidToken|token included in the request is invalid/,
    ({ region = 'this region' }) =>
      `AWS does not know these credentials in ${region}. Check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN (temporary keys need theirs), and that the region is enabled for the account`,
  ],
  [/^\w*Signature/, 'Check AWS_SECRET_ACCESS_KEY: it does not belong to the access key'],
  [/^Error Region is missing/, 'Give the client a region, or set AWS_REGION'],
  [/^Credentials|^TokenProvider|load credentials/i, 'Check the credentials of the client'],
];

/** For requests that the service did not answer. A function, because bundlers keep a table that is computed at load. */
export const networkRemedies = (service: string): Remedies => [
  [
    /ECONNREFUSED/,
    ({ endpoint }) =>
      `Nothing listens ${endpoint ? `at ${endpoint}: check its host and port` : 'there: check endpoint and network'}`,
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'The host cannot be resolved. Check region, endpoint and DNS'],
  [
    /CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    'Check the clock of this machine, and the certificate of the endpoint',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|ERR_TLS/,
    'Node does not trust the certificate, or it is for another host. Check the endpoint, or name its authority in NODE_EXTRA_CA_CERTS',
  ],
  [
    /EPROTO|ERR_SSL|WRONG_VERSION|HPE_|Parse Error|packet length/,
    'Check whether the endpoint takes https or http',
  ],
  [
    /timeouts\.connect|ETIMEDOUT|UNREACH/,
    `${service} cannot be reached. In a VPC, a function needs a gateway endpoint for ${service} or a NAT, and a security group that allows outbound traffic`,
  ],
  [
    /timeouts\.|^Timeout|no answer within/,
    `${service} answers too slowly. Raise timeouts or give the function more memory; trying again can help`,
  ],
  [
    /ECONNRESET|EPIPE|hang up/,
    'The connection broke. Try again; check whether the endpoint takes https or http',
  ],
];

/** The first remedy in the tables, in their order: a sentence after a blank, or the empty string. */
export function firstRemedy<P extends Place, Operation, R extends Refusal>(
  tables: readonly Remedies<P, Operation, R>[],
  place: P,
  operation: Operation,
  refusal: R,
): string {
  const text = `${refusal.type} ${refusal.message}`;
  for (const table of tables) {
    const [, remedy] = table.find(([pattern]) => pattern.test(text)) ?? [];
    if (remedy !== undefined)
      return ` ${typeof remedy === 'string' ? remedy : remedy(place, operation, refusal)}.`;
  }
  return '';
}
