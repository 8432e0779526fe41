import { describe, expect, it } from 'vitest';
import { ChainedLoad, currentLoads, runAsLoads } from '../../../src/engine/inflight/load-chain.js';

describe('the loads in whose function code runs', () => {
  const [ended, running] = [new ChainedLoad('ended'), new ChainedLoad('running')];

  it('are those that have not ended, although their function still runs', () => {
    runAsLoads([ended, running], () => {
      expect(currentLoads()).toEqual([ended, running]);
      ended.end();
      expect(currentLoads()).toEqual([running]);
    });
    expect(currentLoads()).toEqual([]);
  });

  it('are the inner ones only, and the outer ones again when the inner function has returned or thrown', () => {
    const inner = new ChainedLoad('inner');
    runAsLoads([running], () => {
      runAsLoads([inner], () => expect(currentLoads()).toEqual([inner]));
      const fail = () => {
        throw new Error('boom');
      };
      expect(() => runAsLoads([inner], fail)).toThrow('boom');
      expect(currentLoads()).toEqual([running]);
    });
  });
});
