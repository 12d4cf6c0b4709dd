#include "cli/database.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/pg.h"

int database_url_check(struct arena *a, const char *url, struct err *err)
{
	const char *why;
	if (pg_conninfo_valid(a, url, &why))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' is no address of a PostgreSQL such as postgresql://user@host/name: %s", url, why);
}

int database_open(struct arena *a, const char *url, const char *data, bool there, struct database *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->cluster.lock_fd = -1;
	if (url) {
		out->conninfo = url;
		return database_url_check(a, url, err);
	}
	if (there && !pg_private_there(a, data ? data : "var")) {
		err_set(err, ERR_ENVIRONMENT, "there is no database under '%s'", data ? data : "./var");
		return err_hint(
			err, "'ostov serve CONFIG --data %s' makes one and serves it, 'ostov apply' makes it only; --data or --database name another",
			data ? data : "./var");
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
