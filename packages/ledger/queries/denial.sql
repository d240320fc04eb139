-- One denial of an organization, in its newest copy. Integers are not quoted, amounts are texts.
SELECT
  organization,
  denial_id,
  attempt_id,
  budget_id,
  scope_team,
  scope_feature,
  scope_environment,
  scope_workflow,
  scope_user,
  scope_model,
  unit,
  time_zone,
  toUnixTimestamp64Milli(period_start) AS period_start_ms,
  toUnixTimestamp64Milli(period_end) AS period_end_ms,
  toString(limit_amount) AS limit_amount_text,
  toString(spent_amount) AS spent_amount_text,
  toString(held_amount) AS held_amount_text,
  toString(needed_amount) AS needed_amount_text,
  toUnixTimestamp64Milli(retry_at) AS retry_at_ms,
  toUnixTimestamp64Milli(denied_at) AS denied_at_ms,
  enforced,
  team,
  feature,
  environment,
  user_pseudonym,
  workflow,
  task_type,
  tags,
  request_model,
  ver,
  reason,
  config_version,
  measure
FROM denials
WHERE organization = {organization:String} AND denial_id = {denialId:String}
ORDER BY denials.ver DESC
LIMIT 1
SETTINGS output_format_json_quote_64bit_integers = 0
