import { randomUUID } from 'node:crypto';

/** As Lambda's Invoke API tells it in the body of a function error. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** The caller's answer. Times are milliseconds since the event was handed to the function. */
export interface Answer {
  readonly body: Buffer;
  readonly error: FunctionError | undefined;
  readonly contentType: string;
  readonly firstByteMs: number;
  readonly ms: number;
}

/** How the invocation left the sandbox: asleep until the next event, awake as Managed Instances are, or gone. */
export type Outcome = 'frozen' | 'awake' | 'timeout' | 'crash' | 'stopped';

export interface End {
  readonly outcome: Outcome;
  /** From the event to the freeze. A caller waits for the answer alone; Lambda bills all of it. */
  readonly ms: number;
  readonly billedMs: number;
}

/** One event on its way through a sandbox. Its promises never reject: failures are values, as they are on Lambda. */
export class Invocation {
  readonly requestId = randomUUID();
  readonly payload: string;
  readonly answered: Promise<Answer>;
  readonly ended: Promise<End>;
  /** How long the sandbox took to start, when this event was its first. */
  initMs: number | undefined;
  #start = 0;
  #firstByteMs: number | undefined;
  #isAnswered = false;
  #resolveAnswer: (answer: Answer) => void = () => {};
  #resolveEnd: (end: End) => void = () => {};

  constructor(event: unknown) {
    this.payload = JSON.stringify(event);
    this.answered = new Promise((resolve) => {
      this.#resolveAnswer = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  begin(): void {
    this.#start = performance.now();
  }

  markFirstByte(): void {
    this.#firstByteMs ??= this.#elapsed();
  }

  answer(body: Buffer, contentType: string, error?: FunctionError): void {
    this.#isAnswered = true;
    const ms = this.#elapsed();
    this.#resolveAnswer({ body, contentType, error, ms, firstByteMs: this.#firstByteMs ?? ms });
  }

  fail(errorType: string, errorMessage: string): void {
    const error = { errorType, errorMessage };
    this.answer(Buffer.from(JSON.stringify(error)), 'application/json', error);
  }

  end(outcome: Outcome): void {
    const ms = this.#elapsed();
    this.#resolveEnd({ outcome, ms, billedMs: Math.ceil(ms) });
  }

  #elapsed(): number {
    return performance.now() - this.#start;
  }
}
