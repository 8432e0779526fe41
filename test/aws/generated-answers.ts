import fc from 'fast-check';

/** The bytes that answer a request of this method, as ISO 8859-1. */
export interface Generated {
  readonly method: string;
  readonly text: string;
}

const TOKEN = "!#$%&'*+-.^_`|~09AZaz";
const textOf = (characters: string, constraints: fc.ArrayConstraints) =>
  fc.array(fc.constantFrom(...characters), constraints).map((picked) => picked.join(''));

const token = textOf(TOKEN, { minLength: 1, maxLength: 6 });
const blanks = textOf(' \t', { maxLength: 2 });
/** Text valid anywhere in a value, with a byte of ISO 8859-1 and a no-break space. */
const words = textOf('ab:;,"=\\/ \t\xa0\xe9', { maxLength: 8 });

/** Headers that frame nothing, some of them with names that objects have. */
const header = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('Server', 'X-Amzn-RequestId', 'x-amz-crc32', 'Constructor', 'Set-Cookie'),
      token,
    ),
    blanks,
    words,
    blanks,
  )
  .filter(([name]) => !/^(content-length|transfer-encoding|upgrade|te)$/i.test(name))
  .map((parts) => `${parts[0]}:${parts.slice(1).join('')}\r\n`);
const someHeaders = fc.array(header, { maxLength: 3 });

const connection = fc.constantFrom(
  '',
  '',
  'Connection: keep-alive\r\n',
  'connection: close\r\n',
  'Keep-Alive: timeout=5\r\n',
);

const informational = fc
  .tuple(fc.constantFrom('100 Continue', '102 Processing', '103 Early Hints'), someHeaders)
  .map(([status, headers]) => `HTTP/1.1 ${status}\r\n${headers.join('')}\r\n`);

const status = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(200, 201, 400, 404, 429, 500, 503) },
  { weight: 1, arbitrary: fc.constantFrom(204, 304) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
);
const reason = fc.constantFrom('', ' ', ' OK', ' Not \xe9\t so', ' 200 HTTP/1.1');

const body = textOf('{}":a0\r\n\0\xff', { maxLength: 12 });
const mixedCase = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) => [...word].map((c, n) => (upper[n] ? c.toUpperCase() : c)).join(''));

const extension = fc.oneof(
  token.map((name) => `;${name}`),
  fc.tuple(token, token).map(([name, value]) => `;${name}=${value}`),
  fc.tuple(token, textOf("a; =,'", { maxLength: 4 })).map(([name, value]) => `;${name}="${value}"`),
);
const extensions = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.array(extension, { maxLength: 2 }).map((all) => all.join('')) },
);
const chunk = fc
  .tuple(
    textOf('ab\r\n0', { minLength: 1, maxLength: 20 }),
    extensions,
    fc.boolean(),
    fc.constantFrom('', '000'),
  )
  .map(([data, extended, upper, zeros]) => {
    const size = data.length.toString(16);
    return `${zeros}${upper ? size.toUpperCase() : size}${extended}\r\n${data}\r\n`;
  });
const chunked = fc
  .tuple(fc.array(chunk, { maxLength: 3 }), extensions, someHeaders)
  .map(
    ([chunks, extended, trailers]) => `${chunks.join('')}0${extended}\r\n${trailers.join('')}\r\n`,
  );

/** How the body is framed: the header for it, and the body so framed. */
const framed = fc.oneof(
  fc
    .tuple(
      mixedCase('content-length'),
      fc.constantFrom('', ' ', '  '),
      body,
      fc.constantFrom('', '00'),
    )
    .map(([name, space, text, zeros]) => [`${name}:${space}${zeros}${text.length}\r\n`, text]),
  fc
    .tuple(mixedCase('transfer-encoding'), mixedCase('chunked'), chunked)
    .map(([name, coding, text]) => [`${name}: ${coding}\r\n`, text]),
  body.map((text) => ['', text]),
);

const excess = fc.constantFrom(
  '',
  '',
  '',
  'x',
  '\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny',
);

/** Answers that HTTP/1.1 knows, in all of its framings. */
export const answers: fc.Arbitrary<Generated> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
    before: fc.array(informational, { maxLength: 2 }),
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    status,
    reason,
    headers: someHeaders,
    connection,
    framed,
    first: fc.boolean(),
    excess,
  })
  // HTTP/1.0 has no chunks, but Node accepts them anyway.
  .filter(({ version, framed: [head] }) => version === '1.1' || !/transfer/i.test(head ?? ''))
  .map(({ framed: [head = '', text = ''], headers, ...rest }) => {
    const lines = rest.first ? [head, ...headers] : [...headers, head];
    const own = `HTTP/${rest.version} ${rest.status}${rest.reason}\r\n${lines.join('')}${rest.connection}\r\n`;
    return { method: rest.method, text: rest.before.join('') + own + text + rest.excess };
  });

const insertion = fc.oneof(
  fc.constantFrom(...'\r\n \t:;,+-0x1fF\0\x7f"=\x80', '\r\n', '\n\n', '\r\n '),
  fc.constantFrom(
    'Content-Length: 1\r\n',
    'Content-Length: +1\r\n',
    'Content-Length: 1, 1\r\n',
    'Content-Length:\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
    'Transfer-Encoding : chunked\r\n',
    ' folded\r\n',
    'FFFFFFFFFFFFFFFF1\r\n',
    'HTTP/1.1 200 OK\r\n',
    'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  ),
);

/** The same with something wrong: pieces put in at the start or the end of a line or anywhere, and bytes taken out. */
export const damaged: fc.Arbitrary<Generated> = fc
  .tuple(answers, fc.nat(), insertion, fc.nat({ max: 2 }), fc.constantFrom('start', 'end', 'any'))
  .map(([{ method, text }, place, inserted, taken, where]) => {
    const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
    const end = ends[place % ends.length] ?? 0;
    const at = { start: end + 2, end, any: place % text.length }[where] ?? 0;
    // At the end of a line its own is kept, or hardly any would be left that is well-formed.
    const from = where === 'end' ? at : at + taken;
    return { method, text: text.slice(0, at) + inserted + text.slice(from) };
  });
