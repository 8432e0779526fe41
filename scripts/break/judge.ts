import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NEAREST, type Specs } from './specs.js';

/** Writes the broken file, and the whole one again. */
export interface Breaking {
  breakIt(): void;
  repair(): void;
}

export interface JudgeSettings {
  /** Seconds that up to eight specs may take, or the compiler. */
  readonly timeout: number;
  /** Asks only the twelve nearest specs, and the compiler. */
  readonly nearest?: true;
  /** Is told what is being done. */
  readonly progress: (line: string) => void;
}

/** How a run of specs ended: undefined if all passed. */
type Failure = string | undefined;

const HANG = 'a hang';
export const COMPILER = 'the compiler';

/** How many specs run at once, for the time that they may take together. */
const AT_ONCE = 8;

/** Runs the specs of a broken file in a copy of the package. */
export class Judge {
  readonly #work: string;
  readonly #specs: Specs;
  readonly #settings: JudgeSettings;
  /** Specs that pass without a break. */
  readonly #sound = new Set<string>();

  constructor(work: string, specs: Specs, settings: JudgeSettings) {
    this.#work = work;
    this.#specs = specs;
    this.#settings = settings;
  }

  /** The spec that notices the break, or the compiler; undefined if nobody does. */
  async noticedBy(file: string, breaking: Breaking): Promise<string | undefined> {
    const groups = this.#specs.of(file);
    const first = await this.#failureOf(groups.slice(0, NEAREST), breaking);
    if (first !== undefined) return first;
    // Before all the other specs, because it takes seconds.
    if (await this.#isRefused(breaking)) return COMPILER;
    return this.#settings.nearest ? undefined : this.#failureOf(groups.slice(NEAREST), breaking);
  }

  async #failureOf(groups: readonly string[][], breaking: Breaking): Promise<string | undefined> {
    const open = [...groups];
    for (let specs = open.shift(); specs; specs = open.shift()) {
      this.#settings.progress(`${specs.length} specs, from ${specs[0]}`);
      breaking.breakIt();
      const failed = await this.#failure(specs);
      // Another failure alone, because a busy machine may have caused the first.
      const isSteady = failed !== undefined && (await this.#failsAgain(failed, specs));
      breaking.repair();
      if (failed === undefined) continue;
      if (isSteady && (await this.#isSound(failed, specs))) return failed;
      this.#settings.progress(`${failed} does not fail by the break: it does not count`);
      const left = specs.filter((spec) => spec !== failed);
      if (left.length > 0 && left.length < specs.length) open.unshift(left);
    }
    return undefined;
  }

  async #isRefused({ breakIt, repair }: Breaking): Promise<boolean> {
    breakIt();
    const compiles = await this.#compiles();
    repair();
    return !compiles && (await this.#compiles());
  }

  /** A hang counts if the same specs end without the break, which `#isSound` finds out. */
  async #failsAgain(failed: string, specs: readonly string[]): Promise<boolean> {
    return !specs.includes(failed) || (await this.#failure([failed])) !== undefined;
  }

  async #isSound(failed: string, specs: readonly string[]): Promise<boolean> {
    if (!specs.includes(failed)) return (await this.#failure(specs)) === undefined;
    if (!this.#sound.has(failed) && (await this.#failure([failed])) === undefined)
      this.#sound.add(failed);
    return this.#sound.has(failed);
  }

  /** The first spec that fails. */
  async #failure(specs: readonly string[]): Promise<Failure> {
    const report = join(this.#work, 'report.json');
    rmSync(report, { force: true });
    const vitest = join(this.#work, 'node_modules/vitest/vitest.mjs');
    const reporter = ['--reporter', 'json', '--outputFile', report];
    const args = ['run', ...specs, '--bail', '1', ...reporter];
    const timeoutMs = this.#settings.timeout * 1000 * Math.ceil(specs.length / AT_ONCE);
    const code = await exitCode(this.#work, [vitest, ...args], timeoutMs);
    if (code === 0) return undefined;
    return code === null ? HANG : failedSpec(this.#work, report);
  }

  async #compiles(): Promise<boolean> {
    const compiler = join(this.#work, 'node_modules/typescript/bin/tsc');
    const timeoutMs = this.#settings.timeout * 1000;
    return (await exitCode(this.#work, [compiler, '--noEmit'], timeoutMs)) === 0;
  }
}

function failedSpec(work: string, report: string): string {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: readonly { name: string; status: string }[];
    };
    const failed = testResults.find(({ status }) => status === 'failed');
    return failed ? relative(work, failed.name) : 'an unhandled error';
  } catch {
    return 'a crash';
  }
}

/** Null if the program took too long. */
function exitCode(cwd: string, args: readonly string[], timeoutMs: number): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', detached: true });
    const kill = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(kill, timeoutMs);
    process.once('exit', kill);
    child.once('exit', (code) => {
      clearTimeout(timer);
      process.off('exit', kill);
      resolve(code);
    });
  });
}
