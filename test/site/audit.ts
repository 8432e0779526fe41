// Each function here runs in the browser, whose types the compiler of the tests does not know, so it uses nothing outside it.

interface Element {
  readonly tagName: string;
  readonly textContent: string;
  readonly outerHTML: string;
  readonly id: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  getBoundingClientRect(): { x: number; y: number; width: number; height: number };
  insertAdjacentHTML(where: string, html: string): void;
}
interface Document extends Element {
  elementsFromPoint(x: number, y: number): Element[];
  readonly title: string;
  readonly documentElement: Element & {
    readonly scrollWidth: number;
    readonly clientWidth: number;
  };
}
interface Browser {
  readonly axe: {
    run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
  };
  readonly document: Document;
  readonly performance: {
    getEntriesByType(type: string): { name: string; transferSize: number; startTime: number }[];
  };
  readonly getComputedStyle: (element: Element) => { readonly fill: string };
  readonly DOMParser: new () => { parseFromString(html: string, type: string): Document };
}

/** Facts of a page that the tests need, from its HTML alone. */
export interface Audit {
  readonly title: string;
  readonly description: string;
  readonly links: readonly string[];
  readonly ids: readonly string[];
  /** The files that it loads before pictures. */
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

export function auditHtml(html: string): Audit {
  const { DOMParser } = globalThis as unknown as Browser;
  const document = new DOMParser().parseFromString(html, 'text/html');
  const all = (selector: string) => [...document.querySelectorAll(selector)];
  const attributes = (selector: string, name: string) =>
    all(selector).map((element) => element.getAttribute(name) ?? '');
  const problems: string[] = [];
  const demand = (holds: boolean, problem: string) => holds || problems.push(problem);
  demand(document.documentElement.getAttribute('lang') === 'en', 'no lang');
  const viewport = attributes('meta[name=viewport]', 'content').join();
  demand(viewport.includes('width=device-width'), 'no viewport for phones');
  demand(!/user-scalable=no|maximum-scale=1/.test(viewport), 'a viewport that forbids to zoom');
  demand(all('h1').length === 1, `${all('h1').length} first headings`);
  demand(all('main, [role=main]').length === 1, 'not one main landmark');
  const levels = all('main h1, main h2, main h3, main h4, main h5, main h6, [role=main] h1');
  let last = 0;
  for (const { tagName, textContent } of levels) {
    const level = Number(tagName.slice(1));
    demand(level <= last + 1, `heading "${textContent}" skips a level`);
    last = level;
  }
  for (const image of all('img')) {
    demand((image.getAttribute('alt') ?? '').length > 20, `no text for ${image.outerHTML}`);
    for (const size of ['width', 'height'])
      demand(Number(image.getAttribute(size)) > 0, `no ${size}: ${image.outerHTML}`);
  }
  // The names of buttons come with the script, and axe reads them then.
  for (const link of all('a[href]')) {
    const name = link.getAttribute('aria-label') ?? link.getAttribute('title') ?? link.textContent;
    const named = name.trim() !== '' || link.querySelector('img[alt], svg title') !== null;
    demand(named, `no name: ${link.outerHTML.slice(0, 200)}`);
  }
  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids)) {
    const count = ids.filter((other) => other === id).length;
    demand(count === 1, `the id ${id} stands ${count} times`);
  }
  return {
    title: document.title,
    description: attributes('meta[name=description]', 'content').join(),
    links: attributes('a[href]', 'href'),
    ids,
    files: [
      ...attributes('link[rel=stylesheet], link[rel=modulepreload]', 'href'),
      ...attributes('script[src]', 'src'),
    ],
    problems,
  };
}

/** The rules of axe that the page breaks; `rules` narrows them. */
export async function violationsOfAxe(rules: string[] | undefined): Promise<string[]> {
  const { axe } = globalThis as unknown as Browser;
  const { violations } = await axe.run({
    // The nodes that hold are not counted one by one, which takes a third of the time.
    resultTypes: ['violations'],
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  });
  return violations.map(({ id, nodes }) =>
    `${id} ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300),
  );
}

export interface DrawnText {
  readonly text: string;
  /** Between its colour and what it stands on, as WCAG computes it. */
  readonly contrast: number;
  /** The luminance of the lowest layer below it, from 0 to 1. */
  readonly paper: number;
}

/** The texts of a drawing in the page. */
export function drawnTexts(): DrawnText[] {
  const { document, getComputedStyle } = globalThis as unknown as Browser;
  // Text and shapes may be out of the mouse's reach, and are to be found here.
  const style = '<style>svg * { pointer-events: all !important }</style>';
  document.documentElement.insertAdjacentHTML('beforeend', style);
  const luminance = (element: Element): number | undefined => {
    const channels = getComputedStyle(element).fill.match(/^rgb\((\d+), (\d+), (\d+)\)/);
    if (!channels) return undefined;
    const [red = 0, green = 0, blue = 0] = channels.slice(1).map((channel) => {
      const share = Number(channel) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return [...document.querySelectorAll('svg text')].map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const below = document
      .elementsFromPoint(x + width / 2, y + height / 2)
      .filter(({ tagName }) => ['rect', 'path', 'circle'].includes(tagName))
      .flatMap((shape) => luminance(shape) ?? []);
    const own = luminance(element) ?? 0;
    const ground = below[0] ?? own;
    const contrast = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
    return { text: element.textContent, contrast, paper: below.at(-1) ?? Number.NaN };
  });
}

/** How far the page is wider than its window. */
export function overflow(): number {
  const { scrollWidth, clientWidth } = (globalThis as unknown as Browser).document.documentElement;
  return scrollWidth - clientWidth;
}

/**
 * The bytes that came for the page, before pictures, and the milliseconds until something was painted. VitePress also
 * fetches ahead the pages of the links in view, more of them on a slow machine: they are none of this page's bytes.
 */
export function figures(): { bytes: number; firstPaintMs: number } {
  const { performance, document } = globalThis as unknown as Browser;
  const ahead = new Set(
    [...document.querySelectorAll('link[rel=prefetch]')].map((link) => link.getAttribute('href')),
  );
  const entries = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
  const bytes = entries
    .filter(({ name }) => !/\.(svg|png)$/.test(name) && !ahead.has(new URL(name).pathname))
    .reduce((sum, { transferSize }) => sum + transferSize, 0);
  const paints = performance.getEntriesByType('paint');
  return {
    bytes,
    firstPaintMs: paints.find(({ name }) => name === 'first-contentful-paint')?.startTime ?? -1,
  };
}

export const hrefs = (elements: { getAttribute(name: string): string | null }[]): string[] =>
  elements.map((element) => element.getAttribute('href') ?? '');
