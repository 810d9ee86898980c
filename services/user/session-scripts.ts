/**
 * KEYS: the session, the user's sessions, the active users, the client's sessions.
 * ARGV: session id, user id, family, secret, now, expiry, most, client, scope, agent, address.
 */
export const startScript = `
redis.call('HSET', KEYS[1], 'user', ARGV[2], 'family', ARGV[3], 'secret', ARGV[4],
  'started', ARGV[5], 'used', ARGV[5], 'client', ARGV[8], 'scope', ARGV[9], 'agent', ARGV[10], 'address', ARGV[11])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
redis.call('PEXPIREAT', KEYS[2], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
if ARGV[8] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[5])
  redis.call('ZADD', KEYS[4], ARGV[6], ARGV[1])
  redis.call('PEXPIREAT', KEYS[4], ARGV[6])
end
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[7])
if surplus <= 0 then return {} end
local popped = redis.call('ZPOPMIN', KEYS[2], surplus)
local ended = {}
for i = 1, #popped, 2 do ended[#ended + 1] = popped[i] end
return ended`;

/**
 * KEYS: the session, the active users. ARGV: user id, family, presented secret, next secret, now, afterlife.
 * A reused token leaves the session without a current secret instead of removing it: if the revocation that has to
 * follow fails, the next attempt with any token of the family comes here again and repeats it.
 */
export const rotateScript = `
local known = redis.call('HMGET', KEYS[1], 'family', 'secret')
if known[1] ~= ARGV[2] then return 'unknown' end
if known[2] ~= ARGV[3] then
  redis.call('HSET', KEYS[1], 'secret', '')
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
  return 'reused'
end
redis.call('HSET', KEYS[1], 'secret', ARGV[4], 'used', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
return 'rotated'`;
