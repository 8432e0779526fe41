import { builtin } from './builtin.js';

export type Settings = Readonly<Record<string, string>>;

/** The current profile: the one in `AWS_PROFILE`, or else `default`. */
export const profileName = (): string => process.env.AWS_PROFILE || 'default';

/**
 * Returns a function that reads the profile's settings from AWS's shared files at its first call. The credentials file
 * wins over the config file, as in AWS's SDK. An unreadable file counts as empty.
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
    // In this file only the default profile may omit the word `profile`.
    ...(name === 'default' && config.get(name)),
    ...config.get(`profile ${name}`),
    ...credentials.get(name),
  };
}

/** Parses `[section]`, `name = value`, and comments after `#` and `;`. It skips nested settings. */
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
    // Checked first, because on Lambda the file is mostly missing and an error costs more than the check.
    if (!fs.existsSync(path)) return [];
    const text = fs.readFileSync(path, 'utf8');
    return text.replace(/^\uFEFF/, '').split(/\r?\n/);
  } catch {
    return [];
  }
}
