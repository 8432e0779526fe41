import { builtin } from './builtin.js';

export type Settings = Readonly<Record<string, string>>;

/** The profile whose settings count: the one that `AWS_PROFILE` names, or else `default`. */
export const profileName = (): string => process.env.AWS_PROFILE || 'default';

/**
 * The settings of the profile in AWS's shared files, read at the first call of what this returns. Where both files have
 * a setting, that of the credentials file counts, as in AWS's SDK. A file that cannot be read has none.
 */
export function profileSettings(): () => Settings {
  let settings: Settings | undefined;
  return () => {
    settings ??= readSettings(profileName());
    return settings;
  };
}

function readSettings(name: string): Settings {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  const config = sectionsOf(AWS_CONFIG_FILE || '~/.aws/config');
  const credentials = sectionsOf(AWS_SHARED_CREDENTIALS_FILE || '~/.aws/credentials');
  return {
    // In this file the default profile alone may do without the word.
    ...(name === 'default' && config.get(name)),
    ...config.get(`profile ${name}`),
    ...credentials.get(name),
  };
}

/** `[section]`, `name = value`, comments behind `#` and `;`; settings that are nested below another are left out. */
function sectionsOf(file: string): ReadonlyMap<string, Settings> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> | undefined;
  let isNested = false;
  for (const line of linesOf(file)) {
    const text = line.replace(/(^|\s)[#;].*$/, '').trim();
    const [, section] = /^\[(.*)\]$/.exec(text) ?? [];
    if (section !== undefined) {
      const name = section.trim().replace(/^(profile)\s+(["']?)(.*)\2$/, '$1 $3');
      current = sections.get(name) ?? {};
      sections.set(name, current);
      isNested = false;
      continue;
    }
    const at = text.indexOf('=');
    if (!current || at < 1) continue;
    const [name, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    isNested &&= /^\s/.test(line);
    if (value === '') isNested = true;
    else if (!isNested) current[name] = value;
  }
  return sections;
}

function linesOf(file: string): string[] {
  const { HOME, USERPROFILE } = process.env;
  const path = file.replace(/^~(?=\/)/, () => HOME || USERPROFILE || '~');
  const fs = builtin.fs();
  try {
    // Mostly there is none, as on Lambda, and an error costs more than the question.
    if (!fs.existsSync(path)) return [];
    const text = fs.readFileSync(path, 'utf8');
    return text.replace(/^\uFEFF/, '').split(/\r?\n/);
  } catch {
    return [];
  }
}
