-- A question about months reads nearly every column of a few thousand rows: from one file, up to 128 MiB, it takes a tenth less time.
ALTER TABLE billing_days
  MODIFY SETTING min_bytes_for_wide_part = 134217728
