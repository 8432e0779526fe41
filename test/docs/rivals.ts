/** A store of bentocache for values that several processes share. */
export interface Driver {
  readonly type: 'l2';
  namespace(namespace: string): Driver;
  get(key: string): Promise<string | undefined>;
  pull(key: string): Promise<string | undefined>;
  set(key: string, value: string, ttl?: number): Promise<boolean>;
  clear(): Promise<void>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: string[]): Promise<boolean>;
  disconnect(): Promise<void>;
}

/** A shared driver, here without TTLs. */
export function sharedDriver(records: Map<string, string>): Driver {
  const driver: Driver = {
    type: 'l2',
    namespace: () => driver,
    get: async (key) => records.get(key),
    async pull(key) {
      const value = records.get(key);
      records.delete(key);
      return value;
    },
    async set(key, value) {
      records.set(key, value);
      return true;
    },
    clear: async () => records.clear(),
    delete: async (key) => records.delete(key),
    deleteMany: async (keys) => keys.map((key) => records.delete(key)).includes(true),
    disconnect: async () => {},
  };
  return driver;
}

const fail = () => Promise.reject(new Error('the store is dead'));

export function deadDriver(): Driver {
  const driver: Driver = {
    ...{ type: 'l2', namespace: () => driver, disconnect: async () => {} },
    ...{ get: fail, pull: fail, set: fail, clear: fail, delete: fail, deleteMany: fail },
  };
  return driver;
}

/** A storage of Keyv. */
export const deadStorage = () => ({
  ...{ opts: {}, get: fail, getMany: fail, set: fail, delete: fail, clear: fail, has: fail },
  on() {
    return this;
  },
});
