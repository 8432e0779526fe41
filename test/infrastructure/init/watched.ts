/** The store, which tells when one of the methods is used that a service leaves to maintenance. */
export function watched<Store extends object>(store: Store, onMaintenance: () => void): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'clear' || name === 'delByPattern') onMaintenance();
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
