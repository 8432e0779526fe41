import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { startDynalite } from '../../test/servers/dynalite.js';
import { createCacheTable, credentials, region } from '../../test/servers/table.js';
import { node, root } from '../run.js';
import { bareEnvironment, ensure, manifest } from './manifest.js';

/**
 * Bytes of a bare import: some constants that esbuild cannot see to be unused, such as texts with a number in them, and
 * 250 bytes of devalue.
 */
const BARE_LIMIT = 1_250;

async function bundle(folder: string, entry: string, minify: boolean) {
  return build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify,
    metafile: true,
    write: false,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
}

/** Bundled as a Lambda handler is: ESM, minified, no banner, no peer installed and none marked external. */
export async function bundleHandler(folder: string, limit: number): Promise<string> {
  cpSync(join(root, 'test/package/handler.ts'), join(folder, 'handler.ts'));
  const { outputFiles, warnings } = await bundle(folder, 'handler.ts', true);
  const [file] = outputFiles;
  ensure(file, 'esbuild wrote nothing');
  ensure(warnings.length === 0, warnings.map(({ text }) => text).join('\n'));
  ensure(!file.text.includes('Dynamic require of'), 'the bundle needs require(): ESM has none');
  writeFileSync(join(folder, 'handler.mjs'), file.contents);
  const gzip = gzipSync(file.contents, { level: 9 }).length;
  ensure(gzip <= limit, `${gzip} bytes gzipped, over the limit of ${limit}`);
  return `${file.contents.length} bytes, ${gzip} gzipped (limit ${limit}), no banner`;
}

/** The bundle must not contain an export that the handler does not name. */
export async function treeShaking(folder: string): Promise<string> {
  const { outputFiles } = await bundle(folder, 'handler.ts', false);
  const text = outputFiles[0]?.text ?? '';
  const declares = (name: string) => new RegExp(`\\b(class|const|let|var) ${name}\\b`).test(text);
  ensure(declares('DynamoDBCacheStore'), 'the check is blind: DynamoDBCacheStore is not there');
  const script = `console.log(JSON.stringify(Object.keys(await import('${manifest.name}'))))`;
  const names: string[] = JSON.parse(
    await node(['--input-type=module', '--eval', script], { cwd: folder, env: bareEnvironment() }),
  );
  const others = names.filter((name) => /CacheStore$/.test(name) && name !== 'DynamoDBCacheStore');
  const kept = others.filter(declares);
  ensure(kept.length === 0, `the handler's bundle holds ${kept.join(', ')}`);

  const unused = ['DevalueError', 'gunzipSync', 'aes-256-gcm'].filter((part) =>
    text.includes(part),
  );
  ensure(unused.length === 0, `the handler's bundle holds serializers: ${unused.join(', ')}`);

  // Copied out of the package, so that its "sideEffects": false does not hide what runs at import.
  cpSync(join(folder, `node_modules/${manifest.name}/dist`), join(folder, 'bare'), {
    recursive: true,
  });
  writeFileSync(join(folder, 'bare.js'), "import './bare/index.js';");
  const bare = (await bundle(folder, 'bare.js', true)).outputFiles[0]?.text ?? '';
  ensure(
    bare.length <= BARE_LIMIT,
    `importing runs ${bare.length} bytes of code: ${bare.slice(0, 2000)}`,
  );
  return `${others.join(', ')} not in it; a bare import runs ${bare.length} bytes`;
}

/** Loads in each of two fresh processes: one fills the table, the other reads it and then forgets. */
const EXPECTED = [
  { events: [{ id: '1' }, { id: '1' }], loads: [1, 1] },
  { events: [{ id: '1' }, { id: '1', forget: true }, { id: '1' }], loads: [0, 1, 1] },
];

export async function runHandler(folder: string): Promise<string> {
  const { endpoint, stop } = await startDynalite();
  try {
    const env = bareEnvironment({
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      CACHE_TABLE: await createCacheTable(endpoint),
    });
    for (const { events, loads } of EXPECTED) {
      const script = `
        const { handler } = await import('./handler.mjs');
        const answers = [];
        for (const event of ${JSON.stringify(events)}) answers.push(await handler(event));
        console.log(JSON.stringify(answers));`;
      const output = await node(['--input-type=module', '--eval', script], { cwd: folder, env });
      const answers: { user: { name: string }; loads: number }[] = JSON.parse(output);
      const seen = answers.map((answer) => answer.loads);
      ensure(
        seen.join() === loads.join() && answers.every(({ user }) => user.name === 'Ada'),
        `loads ${seen.join()} where ${loads.join()} were due: ${output}`,
      );
    }
  } finally {
    await stop();
  }
  return `Node ${process.versions.node}: 2 processes share a value, del makes the next call load`;
}

/** size-limit's own measure, an entry point a line in .size-limit.json. */
export async function sizes(): Promise<string> {
  const cli = join(root, 'node_modules/size-limit/bin.js');
  const results: { name: string; size: number; passed: boolean; sizeLimit: number }[] = JSON.parse(
    await node([cli, '--json'], { failing: true }),
  );
  const over = results.filter(({ passed }) => !passed);
  const line = (result: (typeof results)[number]) =>
    `${result.name} ${result.size} of ${result.sizeLimit}`;
  ensure(over.length === 0, `over the limit (bytes gzipped): ${over.map(line).join(', ')}`);
  return `${results.map(line).join(', ')} bytes gzipped`;
}
