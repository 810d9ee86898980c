-- The work that a message belongs to, so that its log lines and events are found with it (W3C Trace Context).
alter table notifications
  add column traceparent text,
  add column correlation_id text;
