-- What the system keeps cannot be set.
-- expect: invalid
local record = ...
record.created_at = "2020-01-01T00:00:00Z"
