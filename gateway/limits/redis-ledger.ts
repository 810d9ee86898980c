import type { Redis } from "ioredis";
import { uuidV7 } from "#mesh/uuid-v7";
import type { Ledger } from "./ledger.ts";
import type { Ask, Grant } from "./ledger-queue.ts";

/**
 * One step for many keys, on the clock of Redis. Times in microseconds. Eight arguments a key: spacing (0: a quota),
 * depth (burst, or the quota), need, extra, back, owed, what the process was told of its state at last, and the eighth: for a
 * flow how far ahead the state has to stay when something is given back, for a quota when its count is of no more use. Answers the time and for each key what is granted and its mark (see `Grant`).
 * `testing/model-ledger.ts` reckons the same, and a test compares them.
 */
const ledgerScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = { now }
for i, key in ipairs(KEYS) do
  local a = 8 * (i - 1)
  local spacing, depth = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
  local need, extra = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  local back, owed = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
  local told = tonumber(ARGV[a + 7])
  -- Missing though it was told of: Redis has lost its data, and the gateways have not.
  local before = tonumber(redis.call('GET', key) or nil)
  local state = before or told
  if spacing > 0 then
    local full = now + depth * spacing
    state = math.max(now, math.min(state, full + depth * spacing))
    state = math.max(state, math.min(state + owed * spacing, full + depth * spacing))
    -- Given back only where that cannot make room twice: see decision 0015.
    local room = math.floor((state - now - tonumber(ARGV[a + 8])) / spacing)
    state = state - math.max(0, math.min(back, room)) * spacing
    local left = math.max(0, math.floor((full - state) / spacing + 1e-6))
    local grant = math.min(need, left)
    grant = grant + math.min(extra, math.floor((left - grant) / 2))
    answer[2 * i] = grant
    answer[2 * i + 1] = math.floor(state)
    state = state + grant * spacing
    if state > now and state ~= before then
      local keep = math.ceil((state - now) / 1000) + 1000
      redis.call('SET', key, string.format('%.2f', state), 'PX', math.max(keep, redis.call('PTTL', key)))
    end
  else
    state = math.max(0, state + owed - back)
    local left = math.max(0, depth - state)
    local grant = math.min(need, left)
    grant = grant + math.min(extra, math.floor((left - grant) / 2))
    state = state + grant
    answer[2 * i] = grant
    answer[2 * i + 1] = state
    if state ~= (before or 0) then
      redis.call('SET', key, string.format('%.0f', state), 'PXAT', ARGV[a + 8])
    end
  end
end
return answer
`;

/** Tells that a process lives, forgets those that have not for five seconds, and counts. */
const presenceScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 5000000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], 10000)
return { now, redis.call('ZCARD', KEYS[1]) }
`;

type WithScripts = Redis & {
  limitLedger(keyCount: number, ...keysAndNumbers: (string | number)[]): Promise<number[]>;
  limitPresence(keyCount: number, key: string, id: string): Promise<number[]>;
};

/** The shared counts in Redis. */
export class RedisLedger implements Ledger {
  readonly #redis: WithScripts;
  /** Of this process among those that share the limits. */
  readonly #id = uuidV7();

  /** @param group what they are called together */
  constructor(
    redis: Redis,
    private readonly group = "limiter",
  ) {
    redis.defineCommand("limitLedger", { lua: ledgerScript });
    redis.defineCommand("limitPresence", { lua: presenceScript });
    this.#redis = redis as WithScripts;
  }

  get isReady(): boolean {
    return this.#redis.status === "ready";
  }

  async exchange(batch: readonly Ask[]): Promise<{ at: number; grants: Grant[] }> {
    const parts: (string | number)[] = batch.map(({ account }) => account.storeKey);
    for (const { account, need, extra, back, keepAheadMs, owed } of batch) {
      const spacing = account.spacingMs * 1000;
      const told = spacing > 0 ? account.told * 1000 : account.told;
      const eighth = spacing > 0 ? keepAheadMs * 1000 : account.endsAt;
      parts.push(spacing, account.depth, need, extra, back, owed, told, eighth);
    }
    const answer = await this.#redis.limitLedger(batch.length, ...parts);
    const grants = batch.map(({ account }, at) => {
      const mark = answer[2 * at + 2] ?? 0;
      return { granted: answer[2 * at + 1] ?? 0, mark: account.spacingMs > 0 ? mark / 1000 : mark };
    });
    return { at: (answer[0] ?? 0) / 1000, grants };
  }

  async announce(): Promise<{ at: number; processes: number }> {
    const [at = 0, processes = 1] = await this.#redis.limitPresence(1, `${this.group}:processes`, this.#id);
    return { at: at / 1000, processes };
  }

  async leave(): Promise<void> {
    await this.#redis.zrem(`${this.group}:processes`, this.#id);
  }
}
