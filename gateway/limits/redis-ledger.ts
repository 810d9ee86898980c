import type { Redis } from "ioredis";
import { uuidV7 } from "#mesh/uuid-v7";
import type { Account } from "./account.ts";
import { type Ledger, type Presence, type Step, steps } from "./ledger.ts";
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

/** Two arguments a key: the state it had at least, and until when to keep it, in ms since the epoch. */
const restoreScript = `
for i, key in ipairs(KEYS) do
  local told = ARGV[2 * i - 1]
  if (tonumber(redis.call('GET', key) or nil) or 0) < tonumber(told) then
    redis.call('SET', key, told, 'PXAT', ARGV[2 * i])
  end
end
`;

/** Signs for a process up to a step, a key for each; forgets what was signed five seconds ago, and counts. */
const presenceScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step = tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - 5000000)
  if i <= step then redis.call('ZADD', key, now, ARGV[1]) end
  redis.call('PEXPIRE', key, 10000)
end
local life = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
return { now, redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[step], ARGV[3], '+inf'), life }
`;

type WithScripts = Redis & {
  limitLedger(keyCount: number, ...keysAndNumbers: (string | number)[]): Promise<number[]>;
  limitRestore(keyCount: number, ...keysAndNumbers: (string | number)[]): Promise<unknown>;
  limitPresence(
    keyCount: number,
    ...keysAndSign: (string | number)[]
  ): Promise<[number, number, number, string]>;
};

/** The shared counts in Redis. */
export class RedisLedger implements Ledger {
  readonly #redis: WithScripts;
  /** Of this process among those that share the limits. */
  readonly #id = uuidV7();
  readonly #signs: readonly string[];
  readonly #prefix: string;
  #connection = 0;
  /** The connection over which a sign of life was answered; another may lead to a Redis that has lost its data. */
  #sureOf = 0;

  /** @param group of processes; others count for themselves on the same Redis. Left out: the only one */
  constructor(redis: Redis, group?: string) {
    const signed = group ?? "limiter";
    this.#signs = steps.map((step) => (step === "lives" ? `${signed}:processes` : `${signed}:${step}`));
    this.#prefix = group === undefined ? "" : `${group}:`;
    redis.on("close", () => {
      this.#connection++;
    });
    redis.defineCommand("limitLedger", { lua: ledgerScript });
    redis.defineCommand("limitRestore", { lua: restoreScript });
    redis.defineCommand("limitPresence", { lua: presenceScript });
    this.#redis = redis as WithScripts;
  }

  get isReady(): boolean {
    return this.#redis.status === "ready" && this.#sureOf === this.#connection;
  }

  async exchange(batch: readonly Ask[]): Promise<{ at: number; grants: Grant[] }> {
    const parts: (string | number)[] = batch.map(({ account }) => this.#prefix + account.storeKey);
    for (const { account, need, extra, back, keepAheadMs, owed } of batch) {
      const spacing = account.spacingMs * 1000;
      const told = spacing > 0 ? account.told * 1000 : account.told;
      const eighth = spacing > 0 ? keepAheadMs * 1000 : account.endsAt;
      parts.push(spacing, account.depth, need, extra, back, owed, told, eighth);
    }
    const answer = await this.#overOne(() => this.#redis.limitLedger(batch.length, ...parts));
    const grants = batch.map(({ account }, at) => {
      const mark = answer[2 * at + 2] ?? 0;
      return { granted: answer[2 * at + 1] ?? 0, mark: account.spacingMs > 0 ? mark / 1000 : mark };
    });
    return { at: (answer[0] ?? 0) / 1000, grants };
  }

  async restore(accounts: readonly Account[]): Promise<void> {
    const parts: (string | number)[] = accounts.map(({ storeKey }) => this.#prefix + storeKey);
    for (const { spacingMs, told, endsAt } of accounts)
      parts.push(spacingMs > 0 ? told * 1000 : told, spacingMs > 0 ? Math.ceil(told) + 1000 : endsAt);
    await this.#overOne(() => this.#redis.limitRestore(accounts.length, ...parts));
  }

  async announce(step: Step, since: number): Promise<Presence> {
    const sign = [...this.#signs, this.#id, steps.indexOf(step) + 1, Math.floor(since * 1000)];
    const [at, processes, signed, life] = await this.#overOne(() =>
      this.#redis.limitPresence(this.#signs.length, ...sign),
    );
    this.#sureOf = this.#connection;
    return { at: at / 1000, processes, signed, life };
  }

  /** The client sends again over the next connection what had no answer: a Redis without its data may answer that. */
  async #overOne<T>(command: () => Promise<T>): Promise<T> {
    const connection = this.#connection;
    const answer = await command();
    if (connection !== this.#connection) throw new Error("Connection to Redis lost before the answer");
    return answer;
  }

  async leave(): Promise<void> {
    await Promise.all(this.#signs.map((key) => this.#redis.zrem(key, this.#id)));
  }
}
