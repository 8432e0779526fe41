import type { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Clock } from '../model/time.js';
import { builtin } from './builtin.js';
import { type Call, Connection } from './connection.js';

const MOST_CONNECTIONS = 64;

/**
 * Kept connections to one endpoint, each with one request at a time.
 *
 * A connection is reused only if its last answer ended with the last byte received, and dropped at the first byte that
 * arrives without a request. HTTP/1.1 does not say which request an answer belongs to, so nothing else keeps them
 * apart.
 */
export class Connections {
  readonly #open: () => Socket;
  readonly #connected: 'connect' | 'secureConnect';
  readonly #clock: Clock;
  readonly #all = new Set<Connection>();
  /** A stack: the connection used last is reused first. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Call[] = [];
  #closed = false;

  constructor(endpoint: URL, clock: Clock) {
    this.#open = opener(endpoint);
    this.#connected = endpoint.protocol === 'https:' ? 'secureConnect' : 'connect';
    this.#clock = clock;
  }

  /** Sends the call's request over an idle connection, a new one, or the first one that becomes free. */
  run(call: Call): void {
    if (this.#closed) throw closedError();
    const idle = this.#idle.at(-1);
    if (idle && Math.abs(this.#clock.now() - idle.idleSinceMs) > call.longestIdleMs)
      this.dropIdle();
    const connection = this.#idle.pop();
    if (connection) {
      connection.socket.ref();
      if (!connection.start(call)) this.#release(connection);
    } else if (this.#all.size < MOST_CONNECTIONS) this.#connect(call);
    else this.#waiting.push(call);
  }

  /** Gives up the call, and closes its connection. */
  abandon(call: Call): void {
    const { connection } = call;
    if (connection) connection.drop();
    else {
      const at = this.#waiting.indexOf(call);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
  }

  dropIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.drop();
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#waiting.splice(0)) call.ended(closedError());
    for (const connection of this.#all) connection.fail(closedError());
  }

  #connect(call: Call): void {
    const connection = new Connection(this.#open(), call, {
      isFree: () => this.#release(connection),
      hasEnded: () => this.#remove(connection),
    });
    this.#all.add(connection);
    connection.socket.once(this.#connected, () => connection.begin());
    call.connecting();
  }

  /** Gives the connection to the call that has waited longest, or makes it idle. */
  #release(connection: Connection): void {
    for (let call = this.#waiting.shift(); call; call = this.#waiting.shift()) {
      if (connection.start(call)) return;
    }
    connection.idleSinceMs = this.#clock.now();
    // An idle connection must not keep the process alive.
    connection.socket.unref();
    this.#idle.push(connection);
  }

  #remove(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const call = this.#waiting.shift();
    if (call) this.#connect(call);
  }
}

/** Loads only the module that opens connections, when the transport is made. */
function opener(endpoint: URL): () => Socket {
  const host = endpoint.hostname.replace(/[[\]]/g, '');
  if (endpoint.protocol === 'http:') {
    const net = builtin.net();
    const port = Number(endpoint.port || 80);
    return () => net.connect({ host, port, noDelay: true });
  }
  const tls = builtin.tls();
  const isAddress = builtin.net().isIP(host) > 0;
  const options: ConnectionOptions = {
    host,
    port: Number(endpoint.port || 443),
    ALPNProtocols: ['http/1.1'],
    // An IP address must not be sent as a server name.
    ...(!isAddress && { servername: host }),
  };
  let session: Buffer | undefined;
  return () => {
    const socket: TLSSocket = tls.connect({ ...options, session });
    socket.setNoDelay(true);
    socket.on('session', (ticket) => {
      session = ticket;
    });
    // Drops the TLS session, because one that the server rejects would fail every later connection.
    socket.on('error', () => {
      session = undefined;
    });
    return socket;
  };
}

const closedError = () => new Error('closed, create another store');
