import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** DynamoDB Local asks for this one or a later one. */
export const requiredJava = 17;

/** The package to install, and the command to run, on a machine without it. */
export const javaPackage = `openjdk-${requiredJava}-jre-headless`;
export const javaCure = `apt-get install -y ${javaPackage}`;

export interface Java {
  readonly command: string;
  /** Such as `17.0.15`. */
  readonly version: string;
  readonly major: number;
}

/** The Java of `JAVA_HOME` when it is new enough, else that of `PATH`, of any version. */
export function findJava(): Java | undefined {
  const home = process.env.JAVA_HOME;
  const preferred = home ? javaAt(join(home, 'bin', 'java')) : undefined;
  return javaProblem(preferred) === undefined ? preferred : (javaAt('java') ?? preferred);
}

function javaAt(command: string): Java | undefined {
  const { stderr, error } = spawnSync(command, ['-version'], { encoding: 'utf8' });
  const version = error ? undefined : /version "([^"]+)"/.exec(stderr)?.[1];
  if (version === undefined) return undefined;
  return { command, version, major: Number.parseInt(version, 10) };
}

/** Why the tests cannot use this Java, and the cure; undefined when they can. */
export function javaProblem(java: Java | undefined): string | undefined {
  if (java === undefined) return `there is no Java: ${javaCure}`;
  if (java.major < requiredJava) {
    return `Java ${java.version} is too old, ${requiredJava} or later is needed: ${javaCure}`;
  }
  return undefined;
}
