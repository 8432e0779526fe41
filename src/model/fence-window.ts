/*
 * The times in the proof of the fence, milliseconds:
 *
 *     read ── load ── fill is called ── fill is sent ── fill arrives
 *      └─ LONGEST_LOAD_MS ─┘└ LONGEST_SEND_MS ┘└ LONGEST_TRAVEL_MS ┘
 *           del ── its tombstone stays ────────────────────────────────────── SHORTEST_RECORD_MS
 *
 * A store refuses a late fill by the tombstone that the invalidation left. The tombstone must still exist when the last
 * possible fill arrives:
 *
 *     LONGEST_LOAD_MS + LONGEST_SEND_MS + LONGEST_TRAVEL_MS < SHORTEST_RECORD_MS
 */

/**
 * The greatest age at which a load may fill or be joined, by the wall clock and the monotonic one. A load that was
 * frozen for longer could find the tombstone gone and conclude that nothing was invalidated.
 */
export const LONGEST_LOAD_MS = 15 * 60_000;

/** The longest time between a call and its write being sent, because a sandbox can freeze between the two. */
export const LONGEST_SEND_MS = 15 * 60_000;

/** The longest time a signed request may travel, because AWS refuses an older signature. */
export const LONGEST_TRAVEL_MS = 15 * 60_000;

/** The shortest life of a record in a store where absence is proof. For that time it refuses late fills. */
export const SHORTEST_RECORD_MS = 60 * 60_000;

/**
 * The life of a token, which a versioned miss leaves in a store that may evict records. A fill without its token is
 * refused, so a token must outlive only the longest load.
 */
export const TOKEN_LIFE_MS = LONGEST_LOAD_MS;
