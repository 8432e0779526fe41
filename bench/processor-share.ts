import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How often the kernel renews the quota, microseconds. Lambda's own period is not published; a short one is smoother. */
const PERIOD_US = 20_000;

/**
 * A share of one processor, as Lambda gives it by memory: 1,769 MB are one. By a control group of the kernel, whose
 * quota stops every thread of a process; without the right to make one, by stopping the process in turns.
 */
export interface ProcessorShare {
  /** How the share is enforced, for the page that shows the figures. */
  readonly by: string;
  /** A process joins the group by writing its own id into this file. Undefined without a group. */
  readonly file: string | undefined;
  /** Without a group: stops and continues the process in turns. Returns the end of that. */
  hold(pid: number): () => void;
  remove(): void;
}

export function processorShare(share: number): ProcessorShare {
  return groupOfVersion2(share) ?? groupOfVersion1(share) ?? inTurns(share);
}

function groupOfVersion2(share: number): ProcessorShare | undefined {
  const controllers = '/sys/fs/cgroup/cgroup.controllers';
  if (!existsSync(controllers) || !readFileSync(controllers, 'utf8').includes('cpu')) return;
  return group('/sys/fs/cgroup', 'cgroup.procs', 'cpu.max', (folder) => {
    writeFileSync(join(folder, 'cpu.max'), `${Math.round(share * PERIOD_US)} ${PERIOD_US}`);
  });
}

function groupOfVersion1(share: number): ProcessorShare | undefined {
  return group('/sys/fs/cgroup/cpu', 'cgroup.procs', 'cpu.cfs_quota_us', (folder) => {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(Math.round(share * PERIOD_US)));
  });
}

function group(
  parent: string,
  members: string,
  knob: string,
  limit: (folder: string) => void,
): ProcessorShare | undefined {
  const folder = join(parent, `bench-${process.pid}-${groups++}`);
  try {
    mkdirSync(folder);
  } catch {
    return undefined; // Not there, or read-only.
  }
  try {
    limit(folder);
  } catch {
    rmdirSync(folder); // Without the controller.
    return undefined;
  }
  return {
    by: knob,
    file: join(folder, members),
    hold: () => () => {},
    remove: () => rmdirSync(folder),
  };
}

let groups = 0;

/** Runs for its share of each period and is stopped for the rest. Timers make it coarse: the period is five times as long. */
function inTurns(share: number): ProcessorShare {
  const periodMs = (PERIOD_US * 5) / 1000;
  return {
    by: 'SIGSTOP in turns',
    file: undefined,
    hold(pid) {
      let timer: NodeJS.Timeout;
      const turn = (runs: boolean) => {
        if (!signal(pid, runs ? 'SIGCONT' : 'SIGSTOP')) return;
        timer = setTimeout(() => turn(!runs), periodMs * (runs ? share : 1 - share));
      };
      if (share < 1) turn(true);
      return () => {
        clearTimeout(timer);
        signal(pid, 'SIGCONT');
      };
    },
    remove: () => {},
  };
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
