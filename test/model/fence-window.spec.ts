import { expect, it } from 'vitest';
import {
  LONGEST_LOAD_MS,
  LONGEST_SEND_MS,
  LONGEST_TRAVEL_MS,
  SHORTEST_RECORD_MS,
  TOKEN_LIFE_MS,
} from '../../src/model/fence-window.js';

it('lets the tombstone of an invalidation outlive the last fill that it must refuse', () => {
  expect(LONGEST_LOAD_MS + LONGEST_SEND_MS + LONGEST_TRAVEL_MS).toBeLessThan(SHORTEST_RECORD_MS);
});

it('lets a token live as long as the longest load that may need it', () => {
  expect(TOKEN_LIFE_MS).toBeGreaterThanOrEqual(LONGEST_LOAD_MS);
});
