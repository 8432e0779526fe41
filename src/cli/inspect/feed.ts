/** The most events that a page opened later is shown. */
const MOST_KEPT = 500;

/** Events on their way from services to open pages. */
export class Feed {
  readonly #kept: string[] = [];
  readonly #pages = new Set<ReadableStreamDefaultController<Uint8Array>>();

  /** False while no page is open, so that services need not send. */
  get isWatched(): boolean {
    return this.#pages.size > 0;
  }

  publish(event: object): void {
    // JSON has no line ends of its own, which would end the message.
    const message = `data: ${JSON.stringify(event)}\n\n`;
    this.#kept.push(message);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    const bytes = Buffer.from(message);
    for (const page of this.#pages) {
      // A page that does not read, in a frozen tab for example, must not fill the memory.
      if ((page.desiredSize ?? 0) > 0) page.enqueue(bytes);
    }
  }

  /** The kept events and then the new ones, as server-sent events. */
  open(): ReadableStream<Uint8Array> {
    let page: ReadableStreamDefaultController<Uint8Array> | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          page = controller;
          controller.enqueue(Buffer.from(`retry: 1000\n\n${this.#kept.join('')}`));
          this.#pages.add(controller);
        },
        cancel: () => {
          if (page) this.#pages.delete(page);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 1_000_000 }),
    );
  }
}
