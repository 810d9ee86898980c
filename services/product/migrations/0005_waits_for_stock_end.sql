-- Callers wait for two seconds and come again. Stock that somebody holds for longer must not take every connection with it.
alter function hold_stocks set lock_timeout to '2s';
alter function confirm_reservations set lock_timeout to '2s';
alter function release_reservation set lock_timeout to '2s';
