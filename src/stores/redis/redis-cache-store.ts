/** To be written. */
export class RedisCacheStore {
  readonly name = 'redis';
}
