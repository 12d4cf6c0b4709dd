#include "cli/database.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"

int database_open(struct arena *a, const char *url, const char *data, struct database *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (url) {
		out->conninfo = url;
		return 0;
	}
	if (pg_private_start(a, data ? data : "var", &out->cluster, err) < 0)
		return -1;
	out->conninfo = out->cluster.conninfo;
	out->mine = out->cluster.pid > 0;
	return 0;
}

void database_close(struct database *d)
{
	if (d->mine)
		pg_private_stop(&d->cluster);
	d->mine = false;
}
