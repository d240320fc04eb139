-- On a cluster the tables are made whole: no migration is left to run.
INSERT INTO schema_migrations (version, name, checksum, applied_at)
VALUES (__VERSION__, '__NAME__', '__CHECKSUM__', now64(3))
