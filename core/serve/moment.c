#include "serve/moment.h"

#include "base/clock.h"

static int64_t offset_us; /* of a test */
static int64_t skew_us;   /* database's clock minus this process's */

int64_t moment_now(void)
{
	return clock_real_us() + skew_us + offset_us;
}

void moment_set_offset(int64_t us)
{
	offset_us = us;
}

int64_t moment_seen(int64_t database_us)
{
	skew_us = database_us - clock_real_us();
	return database_us + offset_us;
}
