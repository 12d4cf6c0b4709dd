/* clock: real time for leases, sessions and backoff. Business time is another thing: it comes from the database with BEGIN, plus a
 * test offset, and travels as a value (serve/clock). */
#ifndef OST_BASE_CLOCK_H
#define OST_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a monotonic clock. */
uint64_t clock_monotonic_ms(void);
/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_real_us(void);

#endif
