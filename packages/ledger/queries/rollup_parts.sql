-- The parts that rollup_state reads. A part is never written again: while these are the same, so is what it answers.
SELECT table, name
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('dirty_hours', 'rollup_pointers')
