import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { member, type Reply, type Route, readBody, refusal } from './http.js';

/** Lambda's limit, of internal and external extensions together. */
const MAX_EXTENSIONS = 10;
const EVENTS = { internal: ['INVOKE'], external: ['INVOKE', 'SHUTDOWN'] };

interface Extension {
  readonly name: string;
  readonly events: readonly string[];
  /** Answers the request for the next event, while it is held open. */
  parked: ((reply: Reply) => void) | undefined;
}

/** A request to register, and the answer it got. */
export interface Registration {
  readonly name: string;
  readonly events: readonly string[];
  readonly status: number;
}

/** The Extensions API of one sandbox. */
export class ExtensionsApi {
  /** Every request to register, the refused ones included. */
  readonly registrations: Registration[] = [];
  /** External extensions start before the runtime; what registers later runs inside the function's process. */
  registering: 'external' | 'internal' | 'closed' = 'external';
  readonly #extensions = new Map<string, Extension>();
  readonly #onParked: () => void;
  readonly #functionName: string;
  readonly #managed: boolean;

  constructor(options: { functionName: string; managed: boolean; onParked: () => void }) {
    this.#functionName = options.functionName;
    this.#managed = options.managed;
    this.#onParked = options.onParked;
  }

  /** True while every extension waits for an event, so that none keeps the sandbox awake. */
  get areParked(): boolean {
    return [...this.#extensions.values()].every(({ parked }) => parked !== undefined);
  }

  /** Tells an INVOKE event to those that asked for it. */
  deliver(event: Readonly<Record<string, unknown>>): void {
    for (const extension of this.#extensions.values()) {
      if (!extension.events.includes('INVOKE')) continue;
      const { parked } = extension;
      extension.parked = undefined;
      parked?.({ status: 200, body: { eventType: 'INVOKE', ...event } });
    }
  }

  readonly routes: readonly Route[] = [
    {
      method: 'POST',
      path: /^\/2020-01-01\/extension\/register$/,
      handle: (request) => this.#register(request),
    },
    {
      method: 'GET',
      path: /^\/2020-01-01\/extension\/event\/next$/,
      handle: (request) => this.#next(String(request.headers['lambda-extension-identifier'])),
    },
  ];

  async #register(request: IncomingMessage): Promise<Reply> {
    const name = String(request.headers['lambda-extension-name'] ?? '');
    const body: unknown = JSON.parse((await readBody(request)).toString());
    const asked = member(body, 'events');
    const events = Array.isArray(asked) ? asked.map(String) : [];
    const reply = this.#refuse(name, events) ?? this.#add(name, events);
    this.registrations.push({ name, events, status: reply.status });
    return reply;
  }

  #refuse(name: string, events: readonly string[]): Reply | undefined {
    const forbid = (type: string, message: string) => refusal(403, `Extension.${type}`, message);
    if (name === '') return forbid('InvalidExtensionName', 'Empty extension name');
    const kind = this.registering === 'external' ? 'external' : 'internal';
    // On Managed Instances an extension inside the function may register for nothing.
    const allowed = this.#managed && kind === 'internal' ? [] : EVENTS[kind];
    const invalid = events.find((event) => !allowed.includes(event));
    if (invalid !== undefined) return forbid('InvalidEventType', `${invalid}: not for ${kind}`);
    if (this.registering === 'closed') {
      return forbid('RegistrationClosed', 'Extension registration closed already');
    }
    if ([...this.#extensions.values()].some((extension) => extension.name === name)) {
      return forbid('InvalidExtensionState', 'Extension with this name already registered');
    }
    if (this.#extensions.size < MAX_EXTENSIONS) return undefined;
    return forbid('TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`);
  }

  #add(name: string, events: readonly string[]): Reply {
    const id = randomUUID();
    this.#extensions.set(id, { name, events, parked: undefined });
    return {
      status: 200,
      headers: { 'Lambda-Extension-Identifier': id },
      body: { functionName: this.#functionName, functionVersion: '$LATEST', handler: 'handler' },
    };
  }

  #next(id: string): Reply | Promise<Reply> {
    const extension = this.#extensions.get(id);
    if (extension === undefined) {
      return refusal(403, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
    }
    return new Promise((resolve) => {
      extension.parked = resolve;
      this.#onParked();
    });
  }
}
