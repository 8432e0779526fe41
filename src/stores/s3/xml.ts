import type { DeletionError, Page } from './database.js';

/**
 * The little XML that S3 speaks in lists and deletions: elements without attributes that matter, text with entities.
 * Names are requested URL-encoded, because XML cannot hold every character of a name.
 */
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

const decodeText = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (entity, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? entity;
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
  });

/** The contents of all elements of this name. An element never contains another of its own name. */
export function contents(xml: string, name: string): string[] {
  const elements = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, 'g'));
  return Array.from(elements, ([, content = '']) => content);
}

/** The text of the first element of this name. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = contents(xml, name);
  return content === undefined ? undefined : decodeText(content);
}

/** The whole content of the document's root element of this name. Undefined for any other or an incomplete document. */
function rootContent(xml: string, name: string): string | undefined {
  const root = new RegExp(
    `^\\s*(?:<\\?xml[^>]*\\?>\\s*)?<${name}(?:\\s[^>]*)?(?:/>|>([^]*)</${name}>)\\s*$`,
  );
  const found = root.exec(xml);
  return found ? (found[1] ?? '') : undefined;
}

/** A page of a list. Undefined if the document is not one: nothing may be concluded from it. */
export function parseList(xml: string): Page | undefined {
  const list = rootContent(xml, 'ListBucketResult');
  if (list === undefined) return undefined;
  const more = textOf(list, 'IsTruncated');
  const token = textOf(list, 'NextContinuationToken');
  if (more !== 'false' && !(more === 'true' && token)) return undefined;
  const isEncoded = textOf(list, 'EncodingType') === 'url';
  const names: string[] = [];
  for (const object of contents(list, 'Contents')) {
    const key = textOf(object, 'Key');
    const name = key !== undefined && isEncoded ? urlDecoded(key) : key;
    if (name === undefined) return undefined;
    names.push(name);
  }
  return { names, next: more === 'true' ? token : undefined };
}

function urlDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** A request to delete objects. Only failures are reported back. */
export function deletion(names: readonly string[]): string {
  const objects = names.map((name) => `<Object><Key>${encodeText(name)}</Key></Object>`);
  return `<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${objects.join('')}<Quiet>true</Quiet></Delete>`;
}

const encodeText = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The failures of a deletion. Undefined if the document is not an answer to one. */
export function parseDeletion(xml: string): DeletionError[] | undefined {
  const result = rootContent(xml, 'DeleteResult');
  if (result === undefined) return undefined;
  return contents(result, 'Error').map((error) => ({
    name: textOf(error, 'Key') ?? '',
    type: textOf(error, 'Code') ?? 'Error',
    message: textOf(error, 'Message') ?? '',
  }));
}
