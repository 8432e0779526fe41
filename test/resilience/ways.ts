import { currentTimers, type Timers } from '../../src/resilience/timers.js';

/** The fakes of the runner, taken for real ones: one timer is then shared, as in production. */
const shared: Timers = {
  areFaked: false,
  afterTurn: (action) => currentTimers().afterTurn(action),
  after: (ms, action) => currentTimers().after(ms, action),
};

/** How operations come by a timer. */
export const ways: readonly (readonly [string, () => Timers])[] = [
  ['with one timer for all', () => shared],
  ['with a timer each, where timers are faked', currentTimers],
];
