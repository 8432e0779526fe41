import type { Socket } from 'node:net';
import { AnswerReader } from './framing.js';
import type { Outgoing } from './request.js';
import type { Answer } from './response.js';

/** One try of a request, as its connection sees it. */
export interface Call {
  /** The one that it has; its own until it has ended. */
  connection: Connection | undefined;
  /** How long a connection may have idled before it counts as dead for this call, milliseconds. */
  readonly longestIdleMs: number;
  /** A new connection begins to open for it. */
  connecting(): void;
  /**
   * The request, right before it is written.
   *
   * @throws when it must not be sent any more.
   */
  outgoing(isReused: boolean): Outgoing;
  /** The last that it hears. */
  ended(outcome: Answer | Error): void;
}

/** One connection. Its listeners stay with it: a request adds none. */
export class Connection {
  readonly socket: Socket;
  idleSinceMs = 0;
  readonly #pool: Readonly<Record<'isFree' | 'hasEnded', () => void>>;
  #call: Call | undefined;
  /** Of the answer that is awaited; none before the request is written. */
  #reader: AnswerReader | undefined;
  #hasServed = false;

  constructor(
    socket: Socket,
    call: Call,
    pool: Readonly<Record<'isFree' | 'hasEnded', () => void>>,
  ) {
    this.socket = socket;
    this.#pool = pool;
    this.#call = call;
    call.connection = this;
    socket.on('data', (bytes) => this.#data(bytes));
    socket.on('end', () => this.#end());
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(hangUp()));
  }

  /** It is open. */
  begin(): void {
    const call = this.#call;
    if (call && !this.start(call)) this.#pool.isFree();
  }

  /** Writes the call's request. Returns false where the call does not want that any more. */
  start(call: Call): boolean {
    this.#call = call;
    call.connection = this;
    let outgoing: Outgoing;
    try {
      outgoing = call.outgoing(this.#hasServed);
    } catch (error) {
      this.#settle(error as Error);
      return false;
    }
    this.#hasServed = true;
    this.#reader = new AnswerReader(outgoing.method);
    const { socket } = this;
    const { head, body } = outgoing;
    // One write, so one packet and one record of TLS where it fits.
    if (typeof body === 'string') socket.write(head + body);
    else {
      socket.cork();
      socket.write(head);
      socket.write(body);
      socket.uncork();
    }
    return true;
  }

  /** Ends the connection, and the call with this error. */
  fail(error: Error): void {
    this.#settle(error);
    this.drop();
  }

  /** Ends the connection. */
  drop(): void {
    this.#call = undefined;
    this.#reader = undefined;
    this.socket.destroy();
    this.#pool.hasEnded();
  }

  #data(bytes: Buffer): void {
    // Nothing was asked for.
    if (!this.#reader) {
      this.drop();
      return;
    }
    try {
      const answer = this.#reader.read(bytes);
      if (answer) this.#answered(answer, this.#reader.isReusable);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  #end(): void {
    const answer = this.#reader?.end();
    if (answer) this.#answered(answer, false);
    else this.fail(hangUp());
  }

  #answered(answer: Answer, isReusable: boolean): void {
    const call = this.#call;
    this.#call = undefined;
    this.#reader = undefined;
    // An answer that did not wait for the whole request leaves a connection in which the rest of it is on its way.
    if (isReusable && this.socket.writableLength === 0) this.#pool.isFree();
    else this.drop();
    call?.ended(answer);
  }

  #settle(outcome: Error): void {
    const call = this.#call;
    this.#call = undefined;
    this.#reader = undefined;
    call?.ended(outcome);
  }
}

/** What the system says of a connection that ended before its answer did. */
const hangUp = () =>
  Object.assign(new Error('the connection ended before the answer'), { code: 'ECONNRESET' });
