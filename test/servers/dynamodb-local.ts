import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dynamoDBSimulator, fetchPackage } from '../../scripts/fetch-package.js';
import { findJava, javaProblem } from '../../scripts/java.js';
import { MissingServerError } from './missing.js';

const configuration = fileURLToPath(new URL('dynamodb-local.xml', import.meta.url));
const startTimeoutMs = 300_000;
const stopTimeoutMs = 5_000;

export interface DynamoDBLocal {
  readonly endpoint: string;
  /** DynamoDB Local's, such as `1.25.1`. */
  readonly version: string;
  readonly javaVersion: string;
  stop(): Promise<void>;
}

/**
 * Starts DynamoDB Local, empty and in memory, on a free loopback port. It ends with `stop`, or with this process.
 * Throws `MissingServerError` where there is no Java or the package cannot be fetched.
 */
export async function startDynamoDBLocal(): Promise<DynamoDBLocal> {
  const java = findJava();
  const problem = javaProblem(java);
  if (java === undefined || problem !== undefined) throw new MissingServerError(problem);
  const emulator = join(await fetchSimulator(), 'emulator');
  const libraries = join(emulator, 'DynamoDBLocal_lib');
  const classes = [join(emulator, 'DynamoDBLocal.jar'), join(libraries, '*')];
  const child = spawn(
    java.command,
    [
      '-Xmx256m',
      // A short life on few cores: the quick compiler and the plain collector start sooner.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      `-Djava.library.path=${libraries}`,
      '-cp',
      classes.join(delimiter),
      'org.eclipse.jetty.xml.XmlConfiguration',
      configuration,
    ],
    { cwd: emulator, env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' } },
  );
  try {
    const [version, port] = await twoLines(child);
    const endpoint = `http://127.0.0.1:${port}`;
    return { endpoint, version, javaVersion: java.version, stop: () => stop(child) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function fetchSimulator(): Promise<string> {
  try {
    return await fetchPackage(dynamoDBSimulator);
  } catch (cause) {
    throw new MissingServerError(
      'the package with DynamoDB Local cannot be fetched: npx tsx scripts/setup.ts shows why',
      { cause },
    );
  }
}

/** The version and the port, which the server prints once it listens. */
function twoLines(child: ChildProcessWithoutNullStreams): Promise<[string, string]> {
  let timer: NodeJS.Timeout | undefined;
  const started = new Promise<[string, string]>((resolve, reject) => {
    const lines: string[] = [];
    let errors = '';
    const fail = (what: string) => reject(new Error(`DynamoDB Local ${what}.\n${errors}`));
    timer = setTimeout(fail, startTimeoutMs, `did not start in ${startTimeoutMs} ms`);
    child.once('error', reject);
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? `code ${code}`}`));
    child.stderr.on('data', (data) => {
      errors = `${errors}${data}`.slice(0, 4_000);
      // Jetty's threads go on after a failed start.
      if (errors.includes('Config error')) fail('did not start');
    });
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      const [version, port] = lines;
      if (version !== undefined && port !== undefined) resolve([version, port]);
    });
  });
  return started.finally(() => clearTimeout(timer));
}

async function stop(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await exit;
  clearTimeout(timer);
}
