-- The highest sequence number any settlement of the organization has had, in any epoch; 0 before the first.
SELECT toString(max(seq)) AS last_seq
FROM settlements
WHERE organization = {organization:String}
