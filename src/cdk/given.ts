import { Construct } from 'constructs';
import { CacheError, invalid } from '../model/errors.js';

// Checks for callers without types, who would otherwise get a TypeError from inside CDK, or a template that does not deploy.

/** @throws CacheError `INVALID_OPTION` that names the construct and the property, unless the value is fine. */
export type Check = (property: string, value: unknown, isFine: boolean, give: string) => void;

/** `construct` as in `CacheTable at Shop/Cache`. */
export const checkOf =
  (construct: string): Check =>
  (property, value, isFine, give) => {
    if (isFine) return;
    const { message } = invalid(property, value, give);
    throw new CacheError('INVALID_OPTION', `${construct}: ${message}`, { subject: property });
  };

/** The arguments of a construct that say where it stands. Its properties are checked once it has a path. */
export function checkedPlace(construct: string, scope: Construct, id: string): [Construct, string] {
  const check = checkOf(construct);
  check('scope', scope, Construct.isConstruct(scope), 'a Stack, or a construct in one');
  check('id', id, isText(id), 'a text that no other construct of the scope has');
  return [scope, id];
}

/** True also for the text that stands for a value of the deployment. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '';
