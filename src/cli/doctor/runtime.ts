import { AwsError, functionConfiguration } from '../aws-api.js';
import type { Place } from '../options.js';
import { errorText } from '../report-error.js';
import { type Finding, note, ok, PAGES, problem, warning } from './finding.js';

/**
 * The day on which Lambda stops supporting a runtime, and Node its version. From
 * docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html and github.com/nodejs/release, as known in November 2026.
 */
export const END_OF_LIFE: Readonly<Record<string, string>> = {
  'nodejs16.x': '2024-06-12',
  'nodejs18.x': '2025-09-01',
  'nodejs20.x': '2026-04-30',
  'nodejs22.x': '2027-04-30',
  'nodejs24.x': '2028-04-30',
};

const HERE = 'this machine';
const SOON_MS = 180 * 86_400_000;

/** The runtime of a function, or of this process without one. */
export async function examineRuntime(
  place: Place,
  region: string,
  functions: readonly string[],
  now: number,
): Promise<Finding[]> {
  if (functions.length === 0) {
    const [major] = process.versions.node.split('.');
    return [judgeRuntime(`nodejs${major}.x`, HERE, now)];
  }
  return Promise.all(
    functions.map(async (name) => {
      try {
        const { Runtime } = await functionConfiguration(place, region, name);
        if (typeof Runtime !== 'string')
          return note('runtime', `${name} is a container image, whose Node is not known here`);
        return judgeRuntime(Runtime, name, now);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        if (error.isDenied)
          return note('runtime', `not allowed to read ${name} (lambda:GetFunctionConfiguration)`);
        const remedy = 'Check the name of the function and its region';
        return problem('runtime', errorText(error), remedy, PAGES.deploying);
      }
    }),
  );
}

export function judgeRuntime(runtime: string, owner: string, now: number): Finding {
  const end = END_OF_LIFE[runtime];
  if (!runtime.startsWith('nodejs'))
    return note('runtime', `${owner} runs ${runtime}, which is no Node`);
  if (end === undefined) return ok('runtime', `${owner} runs ${runtime}`);
  const left = Date.parse(end) - now;
  if (left > SOON_MS) return ok('runtime', `${owner} runs ${runtime}, supported until ${end}`);
  const remedy = `Move to ${Object.keys(END_OF_LIFE).at(-1)}`;
  const text = `${owner} runs ${runtime}, whose support ${left > 0 ? 'ends' : 'ended'} on ${end}`;
  // A function past its end can soon not be deployed any more; another machine only runs this program.
  const isSerious = left <= 0 && owner !== HERE;
  return (isSerious ? problem : warning)('runtime', text, remedy, PAGES.deploying);
}
