#!/usr/bin/env bash
# Reads through core/pg against `pgbench -M prepared` of the same statement, one after the other, several rounds.
#   tests/bench/pg_lanes.sh [SECONDS [ROUNDS]]      PGHOST, PGPORT, PGUSER, PGDATABASE say where; it makes and drops the table bench_contract
# Prints medians: statements a second of both, their ratio, and microseconds of this process's CPU a statement.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-5} rounds=${2:-3}
build=${OSTOV_BUILDDIR:-$top}
pgbench=$(command -v pgbench || ls -d /usr/lib/postgresql/*/bin/pgbench | tail -n 1)
tmp=$(mktemp -d)
trap 'psql -Xqc "drop table if exists public.bench_contract"; rm -rf "$tmp"' EXIT
make -s -C "$build" tests/bench/pg_lanes
psql -Xq <<'SQL'
drop table if exists public.bench_contract;
create table public.bench_contract as select i::int8 as id, 'К-2026-' || i as number, 'Договор аренды конференц-зала № ' || i as name,
  (random() * 1000000)::numeric(18,2) as amount, date '2020-01-01' + i % 2000 as signed, i % 3 = 0 as active, now() as changed
  from generate_series(1, 1000000) i;
create unique index bench_contract_id on public.bench_contract(id);
vacuum analyze public.bench_contract;
SQL
fields='SELECT id, number, name, amount, signed, active, changed FROM public.bench_contract'
printf '\\set id random(1, 990000)\n%s WHERE id = :id::int8\n' "$fields" >"$tmp/1.sql"
printf '\\set id random(1, 990000)\n%s WHERE id >= :id::int8 ORDER BY id LIMIT 50\n' "$fields" >"$tmp/50.sql"
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
printf '%-6s %-8s %12s %12s %7s %10s\n' rows clients pgbench pg_read ratio us_cpu
for rows in 1 50; do
  for clients in 1 8 32; do
    : >"$tmp/a"; : >"$tmp/b"; : >"$tmp/c"
    for _ in $(seq "$rounds"); do
      "$pgbench" -n -M prepared -f "$tmp/$rows.sql" -c "$clients" -T "$seconds" 2>/dev/null | awk '/^tps/ { print $3 }' >>"$tmp/a"
      "$build/tests/bench/pg_lanes" "" "$clients" "$seconds" "$rows" >"$tmp/line"
      cut -d' ' -f1 "$tmp/line" >>"$tmp/b"; cut -d' ' -f2 "$tmp/line" >>"$tmp/c"
    done
    a=$(median <"$tmp/a") b=$(median <"$tmp/b") c=$(median <"$tmp/c")
    awk -v r="$rows" -v n="$clients" -v a="$a" -v b="$b" -v c="$c" 'BEGIN { printf "%-6s %-8s %12.0f %12.0f %7.2f %10.2f\n", r, n, a, b, b / a, c }'
  done
done
