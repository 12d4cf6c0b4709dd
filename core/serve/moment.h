/* moment: business time: the database's clock plus a test's offset. Rules, defaults and generated SQL get it as a value and never ask a clock themselves.
 *
 * A unit of work reads the database's clock with its BEGIN; readers use the process's clock corrected by what units last saw. Real time for leases,
 * sessions and backoff is base/clock. */
#ifndef OST_SERVE_MOMENT_H
#define OST_SERVE_MOMENT_H

#include <stdint.h>

/* Business time now, microseconds since the epoch. */
int64_t moment_now(void);
/* Moves business time of this process (tests on a virtual clock), microseconds. */
void moment_set_offset(int64_t us);
/* Business time for a time that the database's clock has just shown; remembers how far the two clocks are apart. */
int64_t moment_seen(int64_t database_us);

#endif
