import { RedisProcess } from './redis-process.js';
import { until } from './until.js';

export interface RedisSentinel {
  /** Clients ask for the master by this. */
  readonly name: string;
  readonly sentinel: RedisProcess;
  /** The master at the start. */
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
  /** Resolves when the replica is the master, and the Sentinel tells clients so. */
  failedOver(): Promise<void>;
  stop(): Promise<void>;
}

/** A master, its replica, and one Sentinel that makes the replica the master when the master is silent for 2 s. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const name = 'cache';
  const started: RedisProcess[] = [];
  const stop = async () => {
    await Promise.all(started.map((one) => one.stop()));
  };
  const start = async (config: readonly string[], sentinel = false) => {
    const one = await RedisProcess.start({ config, sentinel });
    started.push(one);
    return one;
  };
  try {
    const master = await start([]);
    const replica = await start([`replicaof ${master.host} ${master.port}`]);
    const linked = async () => (await replica.field('master_link_status')) === 'up';
    await until(linked, 'the replica to have a copy');
    const sentinel = await start(
      [
        `sentinel monitor ${name} ${master.host} ${master.port} 1`,
        `sentinel down-after-milliseconds ${name} 2000`,
        `sentinel failover-timeout ${name} 3000`,
      ],
      true,
    );
    const knows = async () =>
      ((await sentinel.call('SENTINEL', 'REPLICAS', name)) as unknown[]).length === 1;
    await until(knows, 'the Sentinel to know the replica');
    const isMaster = async () => {
      const address = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
      const isNamed = (address as string[])[1] === String(replica.port);
      return isNamed && (await replica.field('role')) === 'master';
    };
    const failedOver = () => until(isMaster, 'the replica to be the master');
    return { name, sentinel, master, replica, failedOver, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
