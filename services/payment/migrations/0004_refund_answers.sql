-- The answer to a request is kept as the bytes that were sent: jsonb would give them back in another order.
-- A key whose answer was kept the old way gets it made anew from the refund itself.
alter table refunds drop column answer;
alter table refunds
  add column answer_status integer,
  add column answer_body text,
  add check ((answer_status is null) = (answer_body is null));
create index refunds_with_key on refunds (created_at) where idempotency_key is not null;
