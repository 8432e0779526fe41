/** The ACL rules for a store with the default prefix. */
const RULES =
  "'~cache:*' +get +getrange +set +time +unlink +scan +eval +evalsha +ping +select +quit (with your prefix for cache)";
const CHANNEL_RULES = "'&cache:#invalidations*' +publish +subscribe (with your prefix for cache)";

/**
 * Remedies for common errors. The first match counts. `npm test` provokes each on a real server; texts of versions
 * other than 7.0 are listed, too.
 */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  // Login.
  [/^The password function (failed|timed out)/, 'Check what the function waits for or calls'],
  [
    /^ERR AUTH .*without any password|AUTH, but no password is set/,
    'The server has no password for the user "default": remove the password, or name the user that it belongs to',
  ],
  [
    /wrong number of arguments for 'auth'/,
    'Before version 6, Redis has no user names: remove the user name',
  ],
  [
    /sentinels? .*(WRONGPASS|NOAUTH|NOPERM)/i,
    'Set sentinelUsername and sentinelPassword in options',
  ],
  [/^WRONGPASS/, 'Check the user name and the password; an IAM token is valid for 15 minutes'],
  [/^NOAUTH/, 'Give user name and password, in the url or in options'],
  [
    /^DENIED/,
    'Protected mode accepts connections from its own host only: set a password on the server',
  ],
  // Permissions.
  [/^NOPERM.*channels?/, 'Allow the user its channels: {channels}'],
  [
    /^NOPERM.*\bkeys?\b|can't access at least one of the keys/,
    "The prefix of the store is not among the user's key patterns: allow {rules}",
  ],
  [/^NOPERM.*'(publish|subscribe)'/, 'Allow the user {channels}'],
  [/^NOPERM.*'(psubscribe|auth|hello)'/, 'Allow the user {rules}'],
  [/^NOPERM.*'select'/, 'Use database 0, or allow the user {rules}'],
  [/^NOPERM|script can't run this command/, 'Allow the user {rules}'],
  [
    /^ERR unknown (sub)?command/i,
    'It is disabled or renamed on this server: the store needs GET, GETRANGE, SET, TIME, UNLINK, SCAN, EVAL, EVALSHA and PING under their own names',
  ],
  // Which database.
  [/DB index is out of range/, 'The server has no database of this number: use a lower one'],
  [/SELECT is not allowed in cluster mode/, 'A Cluster has database 0 only'],
  // The state of the server.
  [
    /^OOM/,
    'The memory is full and nothing is evicted: set maxmemory-policy to one that evicts, such as volatile-lru, or add memory',
  ],
  [/^READONLY/, 'This is a replica: connect to the primary endpoint'],
  [/^MASTERDOWN/, 'This is a replica without its master: connect to the primary endpoint'],
  [/^LOADING/, 'The server is starting, and answers when it has read its data'],
  [
    /^MISCONF/,
    'The server could not save its data and refuses writes: free its disk, or turn persistence off (save ""), which a cache does not need',
  ],
  [
    /^NOREPLICAS/,
    'Fewer replicas than min-replicas-to-write are connected: repair them, or set it to 0',
  ],
  [/^BUSY /, "Another client's script blocks the server: end it with SCRIPT KILL"],
  [
    /max number of clients/,
    'The server has no connection left: raise maxclients, or run fewer processes and sandboxes at once',
  ],
  [
    /^MOVED|^CROSSSLOT/,
    'This is a Cluster: set cluster to true, or give the store a Cluster client',
  ],
  [
    /^ASK |^TRYAGAIN/,
    'The Cluster is moving slots: set cluster to true, or give the store a Cluster client',
  ],
  [
    /^CLUSTERDOWN/,
    'The Cluster does not serve all slots: see CLUSTER INFO, and whether all masters run',
  ],
  [
    /cluster support disabled/,
    'This server is no Cluster: give it as url, without nodes and cluster, or a client of one server without readonly',
  ],
  [
    /Failed to refresh slots cache|None of startup nodes|root nodes are unavailable/,
    'No node of the Cluster answers: check addresses, TLS and login',
  ],
  [/^WRONGTYPE/, 'Another program writes below the prefix of the store: give the store its own'],
  // Sentinels.
  [
    /No such master with that name/,
    'Set options.name to the name under which the Sentinels monitor the master',
  ],
  [
    /sentinels are unreachable|connect to sentinel/i,
    'Check the addresses of the Sentinels, and whether they want TLS (options.sentinelTLS)',
  ],
  // TLS.
  [
    /^No TLS connection/,
    'Check the address, the subnets and security groups, and that the port speaks TLS: with redis:// the store connects without',
  ],
  [
    /PEM routines|no start line|key values mismatch|bad (decrypt|password read)|unsupported certificate|DECODER routines/i,
    'TLS cannot use what options.tls holds: check that ca, cert and key are in PEM format, that cert and key belong together, and the passphrase',
  ],
  [
    /altnames|does not match certificate/i,
    'The certificate is for another name: connect to a name in it, or set options.tls.servername',
  ],
  [
    /self[- ]signed|unable to (verify|get)|issuer|CERT_|unknown ca/i,
    "The certificate's authority is not known here: give it in options.tls.ca",
  ],
  [/certificate ((has )?expired|is not yet valid)/, 'Renew the certificate, or set the clock'],
  [
    /wrong version number|packet length too long|EPROTO|before secure TLS connection/i,
    'The port does not speak TLS: use redis:// instead of rediss://, or the TLS port',
  ],
  [
    /alert|SSL routines|ERR_SSL/i,
    'The server refused TLS: it may want a client certificate (options.tls.cert and key) or another version',
  ],
  [
    /^Protocol error|^Unknown RESP type/,
    'The port does not speak the Redis protocol: check the port',
  ],
  // Clients of the user's own.
  [
    /tells no reason/,
    "Check the address, the subnets and security groups, and listen for the client's error event",
  ],
  [
    /^The client is closed/,
    'Connect the client of node-redis before its first use (await client.connect() tells why it fails), and close it after the store',
  ],
  [/^The queue is full/, 'Raise commandsQueueMaxLength: the login of the client counts, too'],
  [
    /subscriber mode|only \(P\|S\)SUBSCRIBE/,
    'This client listens to channels: give the store another',
  ],
  [
    /^The client is offline/,
    'The client of node-redis has lost its connection and is reconnecting',
  ],
  // The network.
  [/ENOTFOUND|EAI_AGAIN/, 'Check the name of the host, and the DNS of the VPC'],
  [/ENOENT|EACCES/, 'Check the path of the socket, and who may open it'],
  [
    /ECONN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT|Connect.*(timed out|timeout)|closed|writeable|max retries|aborted/,
    'Check the address, the subnets and security groups, and whether the port wants TLS (rediss://) or a client certificate',
  ],
  [/timed out|timeout/i, 'The server is overloaded, blocked or unreachable; trying again can help'],
];

// Computed here and not in the table, because bundlers could not drop a table that calls functions.
export const remedyOf = (message: string): string | undefined =>
  REMEDIES.find(([pattern]) => pattern.test(message))?.[1]
    .replace('{rules}', RULES)
    .replace('{channels}', CHANNEL_RULES);
