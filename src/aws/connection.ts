import type { Socket } from 'node:net';
import { AnswerReader } from './framing.js';
import type { Outgoing } from './request.js';
import type { Answer } from './response.js';

/** One try of a request, as its connection sees it. */
export interface Call {
  /** The call's connection, until the call has ended. */
  connection: Connection | undefined;
  /** The idle time after which a connection counts as dead for this call, milliseconds. */
  readonly longestIdleMs: number;
  /** Called when a new connection starts to open for this call. */
  connecting(): void;
  /**
   * Returns the request. Called right before it is written.
   *
   * @throws if it must not be sent any more.
   */
  outgoing(isReused: boolean): Outgoing;
  /** Called last, once. */
  ended(outcome: Answer | Error): void;
}

/** One connection. Its listeners stay for its whole life, so a request adds none. */
export class Connection {
  readonly socket: Socket;
  idleSinceMs = 0;
  readonly #pool: Readonly<Record<'isFree' | 'hasEnded', () => void>>;
  #call: Call | undefined;
  /** Reads the pending answer. Undefined before the request is written. */
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

  /** Called once the connection is open. */
  begin(): void {
    const call = this.#call;
    if (call && !this.start(call)) this.#pool.isFree();
  }

  /** Writes the call's request. Returns false if the call must not be sent any more. */
  start(call: Call): boolean {
    this.#call = call;
    call.connection = this;
    let outgoing: Outgoing;
    try {
      outgoing = call.outgoing(this.#hasServed);
    } catch (error) {
      // The code that composes a request throws errors only.
      this.#settle(error as Error);
      return false;
    }
    this.#hasServed = true;
    this.#reader = new AnswerReader(outgoing.method);
    const { socket } = this;
    const { head, body } = outgoing;
    // In one write, so that it is one packet and one TLS record if it fits.
    if (typeof body === 'string') socket.write(head + body);
    else {
      socket.cork();
      socket.write(head);
      socket.write(body);
      socket.uncork();
    }
    return true;
  }

  /** Closes the connection, and ends the call with this error. */
  fail(error: Error): void {
    this.#settle(error);
    this.drop();
  }

  /** Closes the connection. */
  drop(): void {
    this.#call = undefined;
    this.#reader = undefined;
    this.socket.destroy();
    this.#pool.hasEnded();
  }

  #data(bytes: Buffer): void {
    // Bytes arrived although no request is pending.
    if (!this.#reader) {
      this.drop();
      return;
    }
    try {
      const answer = this.#reader.read(bytes);
      if (answer) this.#answered(answer, this.#reader.isReusable);
    } catch (error) {
      // The reader throws errors only.
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
    // If the answer came before the whole request was written, the rest of that request is still in the connection.
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

/** The system's error for a connection that ended before its answer. */
const hangUp = () =>
  Object.assign(new Error('the connection ended before the answer'), { code: 'ECONNRESET' });
