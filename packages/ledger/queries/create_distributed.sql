-- What programs read and write on a cluster: a name over the tables of all shards. Whole rows go to the shard of their key.
CREATE TABLE IF NOT EXISTS __TABLE__ ON CLUSTER '__CLUSTER__' AS __TABLE___local
ENGINE = Distributed('__CLUSTER__', currentDatabase(), '__TABLE___local', cityHash64(__KEY__))
