-- The times that usage can be asked by: what they make of an instant, and their name in questions.
formatDateTime(toStartOfMonth(instant), '%Y-%m-01T00:00:00.000Z') AS month,
formatDateTime(toStartOfDay(instant), '%Y-%m-%dT00:00:00.000Z') AS day,
formatDateTime(toStartOfHour(instant), '%Y-%m-%dT%H:00:00.000Z') AS hour,
formatDateTime(toStartOfMinute(instant), '%Y-%m-%dT%H:%i:00.000Z') AS minute,
