-- :rows contracts of configs/hotel-contracts, every second one by the manager of the sample, with 10,000 counterparties to point at. Straight into the
-- tables: what is measured afterwards is how the server reads and writes them, and nobody waits an hour for it.
SET synchronous_commit = off;
CREATE TEMP TABLE dropped AS SELECT i.indexdef, format('%I.%I', i.schemaname, i.indexname) AS name FROM pg_indexes i
  WHERE i.schemaname = 'app' AND i.tablename = 'contract' AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname);
SELECT format('DROP INDEX %s', name) FROM dropped \gexec
INSERT INTO app.account (id, created_at, changed_at, row_version, name, kind) OVERRIDING SYSTEM VALUE
  SELECT 1000000 + i, now(), now(), 1, 'Counterparty ' || i, 'customer' FROM generate_series(0, 9999) i;
INSERT INTO app.contract (id, created_at, created_by, changed_at, changed_by, row_version, stage, number, subject, route, account, initiator, amount, starts_on, ends_on, renew_on,
    planned, paid) OVERRIDING SYSTEM VALUE
  SELECT 1000000 + i, timestamptz '2026-01-01' + i * interval '10 seconds', u.id, timestamptz '2026-01-01' + i * interval '10 seconds', u.id, 1, 'draft', 'B-' || i,
    'Lease of room ' || i % 5000, 'full', 1000000 + i * 7919::bigint % 10000, u.id, (i % 900000)::numeric(18,2), date '2026-01-01' + i / 2 % 300, date '2026-01-02' + i / 2 % 1500,
    date '2026-01-01' + i / 2 % 1500, 0, 0
  FROM generate_series(0, :rows - 1) i JOIN app."user" u ON u.login = CASE WHEN i % 2 = 0 THEN 'manager' ELSE 'lawyer' END;
SELECT setval(pg_get_serial_sequence('app.contract', 'id'), 1000000 + :rows), setval(pg_get_serial_sequence('app.account', 'id'), 1000000 + 10000);
SET maintenance_work_mem = '512MB';
SELECT indexdef FROM dropped \gexec
VACUUM ANALYZE app.contract;
VACUUM ANALYZE app.account;
CHECKPOINT;
