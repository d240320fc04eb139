-- What the users of a cluster need, besides ALTER USER … SETTINGS PROFILE. A write is acknowledged when its shard has it, on most of its
-- replicas; pointers are looked up beside rollups; and no answer comes from a replica that is further behind than the minutes
-- for which an hour is left to its rows.
CREATE SETTINGS PROFILE IF NOT EXISTS tallygate ON CLUSTER '__CLUSTER__' SETTINGS
  distributed_foreground_insert = 1,
  insert_quorum = 'auto',
  insert_quorum_timeout = 60000,
  distributed_product_mode = 'global',
  max_replica_delay_for_distributed_queries = 60,
  fallback_to_stale_replicas_for_distributed_queries = 0
