/*
 * The times that the fence's proof needs, side by side, in milliseconds:
 *
 *     read ── load ── fill is called ── fill is sent ── fill arrives
 *      └─ LONGEST_LOAD_MS ─┘└ LONGEST_SEND_MS ┘└ LONGEST_TRAVEL_MS ┘
 *           del ── its marker stays ────────────────────────────────────── SHORTEST_RECORD_MS
 *
 * A store that keeps records for a time refuses a fill by what the invalidation left behind. That must still be there
 * when the last possible fill arrives:
 *
 *     LONGEST_LOAD_MS + LONGEST_SEND_MS + LONGEST_TRAVEL_MS < SHORTEST_RECORD_MS
 */

/**
 * The oldest load that may still fill or be joined, by the wall clock and by the monotonic one. A load that was frozen
 * for longer could find the marker gone and take its absence for "nothing was invalidated".
 */
export const LONGEST_LOAD_MS = 15 * 60_000;

/** How long after its call a store may still send a write: a sandbox can freeze between the two. */
export const LONGEST_SEND_MS = 15 * 60_000;

/** How long a signed request may be under way: AWS refuses a signature that is older. */
export const LONGEST_TRAVEL_MS = 15 * 60_000;

/** The least time that a record stays in a store where absence is proof, and so refuses a late fill. */
export const SHORTEST_RECORD_MS = 60 * 60_000;

/**
 * How long a token stays that a versioned miss has issued, in a store that may evict records. A fill without its token
 * is refused, so a token only has to outlive the longest load.
 */
export const TOKEN_LIFE_MS = LONGEST_LOAD_MS;
