#include "expr/expr_system.h"

/* What would raise an error on a row gives NULL here, as expr_eval gives nil. Bounds: years 1 to 9999, 64-bit integers, 40 digits of a formula's value.
 * A cast that a CASE guards is clamped as well: PostgreSQL folds constants before it knows which arm is taken. */
static const char system_sql[] =
	"DO $ostov$ BEGIN\n"
	"CREATE SCHEMA IF NOT EXISTS ostov;\n"
	"CREATE TABLE IF NOT EXISTS ostov.organisation (zone text NOT NULL, currency text, week int NOT NULL DEFAULT 31);\n"
	"CREATE UNIQUE INDEX IF NOT EXISTS organisation_is_one ON ostov.organisation ((true));\n"
	"CREATE TABLE IF NOT EXISTS ostov.calendar_day (day date PRIMARY KEY, works boolean NOT NULL);\n"

	"CREATE OR REPLACE FUNCTION ostov.fit_int(x numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN round(x) BETWEEN -9223372036854775808 AND 9223372036854775807 THEN round(x)::bigint END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.fit(x numeric, scale int) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN abs(round(x, scale)) < 1e40 THEN round(x, scale) END $f$;\n"
	/* half away from zero at 20 digits, exactly: div() truncates an exact quotient */
	"CREATE OR REPLACE FUNCTION ostov.divide(x numeric, y numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN y <> 0 THEN sign(x) * sign(y) * div(2 * abs(x) * 100000000000000000000 + abs(y), 2 * abs(y)) * "
	"0.00000000000000000001 END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.hours(n numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT ostov.fit_int(n * 3600000000) $f$;\n"
	/* the collation that lower() needs stays inside, so that it meets no other one outside */
	"CREATE OR REPLACE FUNCTION ostov.lower(x text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT lower(x COLLATE \"und-x-icu\") $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.like_escape(x text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT replace(replace(replace(x, '\\', '\\\\'), '%', '\\%'), '_', '\\_') $f$;\n"

	"CREATE OR REPLACE FUNCTION ostov.add_days(d date, n numeric) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN n BETWEEN date '0001-01-01' - d AND date '9999-12-31' - d\n"
	"    THEN d + least(greatest(n, -4000000), 4000000)::int END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.add_months(d date, n numeric) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN extract(year FROM d) * 12 + extract(month FROM d) - 1 + n BETWEEN 12 AND 119999\n"
	"    THEN (d + make_interval(months => least(greatest(n, -120000), 120000)::int))::date END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.workdays_add(start date, n int) RETURNS date LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $f$\n"
	"  DECLARE\n"
	"    d date := start;\n"
	"    steps int := abs(n);\n"
	"    idle int := 0;\n"
	"    week int := coalesce((SELECT o.week FROM ostov.organisation o), 31);\n"
	"  BEGIN\n"
	"    WHILE steps > 0 LOOP\n"
	"      d := ostov.add_days(d, sign(n)::int);\n"
	"      IF d IS NULL OR idle > 400 THEN RETURN NULL; END IF;\n"
	"      IF coalesce((SELECT c.works FROM ostov.calendar_day c WHERE c.day = d), (week >> (extract(isodow FROM d)::int - 1)) & 1 = 1) "
	"THEN\n"
	"        steps := steps - 1;\n"
	"        idle := 0;\n"
	"      ELSE\n"
	"        idle := idle + 1;\n"
	"      END IF;\n"
	"    END LOOP;\n"
	"    RETURN d;\n"
	"  END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.add_workdays(d date, n numeric) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN n BETWEEN -5000 AND 5000 THEN ostov.workdays_add(d, least(greatest(n, -5000), 5000)::int) END $f$;\n"

	"CREATE OR REPLACE FUNCTION ostov.add_days(t timestamptz, n numeric, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL "
	"SAFE AS $f$\n"
	"  SELECT (ostov.add_days((t AT TIME ZONE zone)::date, n) + (t AT TIME ZONE zone)::time) AT TIME ZONE zone $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.add_months(t timestamptz, n numeric, zone text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL "
	"SAFE AS $f$\n"
	"  SELECT (ostov.add_months((t AT TIME ZONE zone)::date, n) + (t AT TIME ZONE zone)::time) AT TIME ZONE zone $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.add_workdays(t timestamptz, n numeric, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL "
	"SAFE AS $f$\n"
	"  SELECT (ostov.add_workdays((t AT TIME ZONE zone)::date, n) + (t AT TIME ZONE zone)::time) AT TIME ZONE zone $f$;\n"
	/* whole hours as an integer and the rest as microseconds: an interval made of one large float would lose digits */
	"CREATE OR REPLACE FUNCTION ostov.add_time(t timestamptz, us numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$\n"
	"  SELECT CASE WHEN extract(epoch FROM t) * 1000000 + us BETWEEN -62135596800000000 AND 253402300799999999\n"
	"    THEN t + make_interval(hours => least(greatest(div(us, 3600000000), -90000000), 90000000)::int) + mod(us, 3600000000)::float8 * "
	"interval '1 microsecond' END $f$;\n"
	"CREATE OR REPLACE FUNCTION ostov.time_between(x timestamptz, y timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS "
	"$f$\n"
	"  SELECT ((extract(epoch FROM x) - extract(epoch FROM y)) * 1000000)::bigint $f$;\n"
	"END $ostov$";

const char *expr_system_sql(void)
{
	return system_sql;
}
