-- A refund at PayPal names the capture that it is of, and nothing else of ours.
create index payments_of_capture on payments (provider_reference) where gateway = 'paypal';

-- Event ids are each provider's own. Two of them never agree on one, but nothing should rest on that.
alter table provider_events add column gateway text not null default 'stripe';
alter table provider_events drop constraint provider_events_pkey, add primary key (gateway, id);
