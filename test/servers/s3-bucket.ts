import { createHash } from 'node:crypto';

/** A request to an S3 endpoint, whole and with its parts resolved. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  /** '' for the bucket itself. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
}

/** One bucket of S3 and its objects, as its API reference says. ETags are those of SSE-S3: MD5 of the body. */
export class S3Bucket {
  readonly region: string;
  readonly objects = new Map<string, Stored>();
  /** The most names of one page, as a request may ask for fewer. */
  pageSize = 1_000;
  /** The lifecycle configuration as XML, if there is one. */
  lifecycle: string | undefined;
  /** True if the bucket keeps old versions, which are not modelled. */
  isVersioned = false;

  constructor(region: string) {
    this.region = region;
  }

  put(name: string, body: Buffer | string): string {
    const bytes = Buffer.from(body);
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    this.objects.set(name, { body: bytes, etag });
    return etag;
  }

  answer(request: S3Request): S3Answer {
    const { method, name, query } = request;
    if (name === '') {
      if (method === 'GET' && query.get('list-type') === '2') return this.#list(query);
      if (method === 'GET' && query.has('lifecycle')) return this.#lifecycle();
      if (method === 'GET' && query.has('versioning'))
        return xml(
          `<VersioningConfiguration>${this.isVersioned ? '<Status>Enabled</Status>' : ''}</VersioningConfiguration>`,
        );
      if (method === 'POST' && query.has('delete')) return this.#deleteMany(request);
      return failure(501, 'NotImplemented', 'not a request that a cache sends');
    }
    if (Buffer.byteLength(name) > 1024)
      return failure(400, 'KeyTooLongError', 'Your key is too long');
    switch (method) {
      case 'GET':
      case 'HEAD':
        return this.#read(request);
      case 'PUT':
        return this.#write(request);
      case 'DELETE':
        this.objects.delete(name);
        return { status: 204 };
      default:
        return failure(405, 'MethodNotAllowed', 'The specified method is not allowed');
    }
  }

  #lifecycle(): S3Answer {
    if (this.lifecycle) return xml(this.lifecycle);
    const message = 'The lifecycle configuration does not exist';
    return failure(404, 'NoSuchLifecycleConfiguration', message);
  }

  #read({ name, headers }: S3Request): S3Answer {
    const stored = this.objects.get(name);
    if (!stored) return failure(404, 'NoSuchKey', 'The specified key does not exist.');
    const { body, etag } = stored;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined) return { status: 200, headers: { etag }, body };
    const start = Number(first);
    if (start >= body.length)
      return failure(416, 'InvalidRange', 'The requested range is not satisfiable');
    const part = body.subarray(start, Number(last) + 1);
    const range = `bytes ${start}-${start + part.length - 1}/${body.length}`;
    return { status: 206, headers: { etag, 'content-range': range }, body: part };
  }

  #write({ name, headers, body }: S3Request): S3Answer {
    const stored = this.objects.get(name);
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
      return failure(501, 'NotImplemented', 'If-None-Match takes * only');
    if (ifMatch !== undefined && !stored)
      return failure(404, 'NoSuchKey', 'The specified key does not exist.');
    if ((ifNoneMatch && stored) || (ifMatch !== undefined && stored?.etag !== ifMatch)) {
      return failure(
        412,
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold',
      );
    }
    return { status: 200, headers: { etag: this.put(name, body) } };
  }

  #list(query: URLSearchParams): S3Answer {
    const prefix = query.get('prefix') ?? '';
    const token = query.get('continuation-token');
    const after = token === null ? '' : Buffer.from(token, 'base64').toString();
    const isUrl = query.get('encoding-type') === 'url';
    const most = Math.min(Number(query.get('max-keys') ?? 1_000), this.pageSize);
    const names = [...this.objects.keys()]
      .filter((name) => name.startsWith(prefix) && name > after)
      .sort();
    const page = names.slice(0, most);
    const isTruncated = names.length > page.length;
    const shown = (text: string) => (isUrl ? urlEncoded(text) : escapeXml(text));
    const next = Buffer.from(page.at(-1) ?? '').toString('base64');
    const contents = page.map((name) => {
      const { etag, body } = this.objects.get(name) as Stored;
      return `<Contents><Key>${shown(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    });
    const parts = [
      `<Prefix>${shown(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys>`,
      isUrl ? '<EncodingType>url</EncodingType>' : '',
      `<IsTruncated>${isTruncated}</IsTruncated>`,
      isTruncated ? `<NextContinuationToken>${escapeXml(next)}</NextContinuationToken>` : '',
      ...contents,
    ];
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</ListBucketResult>`,
    };
  }

  #deleteMany({ headers, body }: S3Request): S3Answer {
    const sha256 = headers['x-amz-checksum-sha256'];
    const md5 = headers['content-md5'];
    const crc = Object.keys(headers).some((name) => /^x-amz-checksum-crc/.test(name));
    const isIntact = (algorithm: string, digest: string) =>
      createHash(algorithm).update(body).digest('base64') === digest;
    if (!sha256 && !md5 && !crc)
      return failure(
        400,
        'InvalidRequest',
        'Missing required header for this request: Content-MD5',
      );
    if ((sha256 && !isIntact('sha256', sha256)) || (md5 && !isIntact('md5', md5)))
      return failure(400, 'BadDigest', 'The checksum did not match what we received.');
    const names = Array.from(
      body.toString().matchAll(/<Object><Key>([^<]*)<\/Key><\/Object>/g),
      ([, name = '']) => name,
    );
    if (names.length === 0 || names.length > 1_000)
      return failure(400, 'MalformedXML', 'The XML you provided was not well-formed');
    for (const name of names) this.objects.delete(unescapeXml(name));
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    };
  }
}

const xml = (body: string): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

/** An error as S3 writes it. */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): S3Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>`,
  };
}

/** S3 encodes names as forms do: a space becomes a plus sign, a slash stays. */
const urlEncoded = (text: string): string =>
  encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);

const unescapeXml = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (entity, code, name) => {
    if (code) return String.fromCodePoint(Number(code));
    return Object.keys(ENTITIES).find((key) => ENTITIES[key] === `&${name};`) ?? entity;
  });
