/** To be written. */
export class TieredCacheStore {
  readonly name = 'tiered';
}
