import { expect, it } from 'vitest';
import { OpenSets } from '../../src/stores/open-sets.js';

it('a set is forgotten once it has ended, well or not, because a process writes keys without end', async () => {
  const sets = new OpenSets();
  const remembered = () => {
    const keys: string[] = [];
    sets.overtakeMatching((key) => keys.push(key) > 0);
    return keys;
  };
  await sets.run('ended', async () => {
    expect(remembered()).toEqual(['ended']);
  });
  const failing = sets.run('failed', async () => {
    throw new Error('failed');
  });
  await expect(failing).rejects.toThrow('failed');
  expect(remembered()).toEqual([]);
});
