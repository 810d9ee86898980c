import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { eventually } from "#mesh/eventually";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { type Home, openHome } from "../../mesh/local/home.ts";
import { type RedisServer, startRedis } from "../../mesh/local/redis-server.ts";
import { SimulatedTime } from "../testing/simulated-time.ts";
import { LeasedLimiter } from "./leased-limiter.ts";
import { RedisLedger } from "./redis-ledger.ts";
import { flowLimit } from "./testing/flow-limit.ts";
import { WatchedLedger } from "./testing/watched-ledger.ts";

// A Redis of its own, which the other tests do not miss, behind a relay that can be slow. The limiters' time stands still
// while a Redis that answers is waited for, so that a busy machine makes no Redis slow; how much they let in as time goes by
// is in `leased-limiter.test.ts`.
const root = join(import.meta.dirname, "../..");
const options = { password: "a-password", durable: false };
const log = createLog({ service: "gateway", level: "error", destination: { write: () => {} } });
const time = new SimulatedTime();
/** Three minutes for a token: what the limit lets in does not depend on how long the test takes. */
const limit = flowLimit(20, 3600, 20);
let home: Home;
let server: RedisServer;
let relay: Server;
let admin: Redis;
let delayMs = 0;
const connections: Redis[] = [];
const ledgers: WatchedLedger[] = [];
const limiters: LeasedLimiter[] = [];

beforeAll(async () => {
  home = await openHome(mkdtempSync(join(tmpdir(), "limits-")), {
    fresh: false,
    cache: join(root, ".ecotrack/cache"),
  });
  server = await startRedis(home, options);
  relay = createServer((client) => {
    const redis = connect(server.port, "127.0.0.1");
    pass(client, redis);
    pass(redis, client);
  });
  const port = await new Promise<number>((resolve) => {
    relay.listen(0, "127.0.0.1", () => resolve((relay.address() as { port: number }).port));
  });
  admin = openRedis({ url: server.url, name: "admin", log });
  await redisReady(admin);
  for (let nth = 0; nth < 4; nth++) {
    const redis = openRedis({ url: `redis://:${options.password}@127.0.0.1:${port}`, name: "limiter", log });
    connections.push(redis);
    await redisReady(redis);
    const ledger = new WatchedLedger(new RedisLedger(redis));
    ledgers.push(ledger);
    limiters.push(new LeasedLimiter({ ledger, processes: 4, timing: time }));
  }
  await untilShared();
});
afterAll(async () => {
  for (const limiter of limiters) await limiter.close();
  for (const redis of [admin, ...connections]) redis.disconnect();
  relay.close();
  await home.end(3000);
  rmSync(home.directory, { recursive: true, force: true });
});

function pass(from: Socket, to: Socket): void {
  let last = 0;
  from.on("data", (data) => {
    last = Math.max(last, time.now() + delayMs);
    if (last <= time.now()) to.write(data);
    else time.after(last - time.now(), () => to.write(data));
  });
  from.on("error", () => {});
  from.on("close", () => to.destroy());
}

/** Lets time pass, of which commands take none, until the limiters share all limits again. */
async function untilShared(): Promise<void> {
  await eventually(() => connections.every(({ status }) => status === "ready") || undefined, {
    withinMs: 30_000,
  });
  const shares = ({ degraded, processes }: LeasedLimiter) => !degraded && processes === 4;
  for (let ms = 0; ms < 3000 && !limiters.every(shares); ms++) {
    for (const ledger of ledgers) await ledger.answered();
    await time.pass(1);
  }
  expect(limiters.map(({ degraded, processes }) => ({ degraded, processes }))).toEqual(
    Array(4).fill({ degraded: false, processes: 4 }),
  );
}

/** A hundred requests of one caller at once, everywhere: those decided so far, and how many of them were let in. */
function askEverywhere() {
  const key = uuidV7();
  const outcomes = { decided: 0, allowed: 0 };
  const decisions = Array.from({ length: 100 }, async (_, at) => {
    const limiter = limiters[at % 4] as LeasedLimiter;
    const refusal = await limiter.decide([limiter.account(limit, limit.rate, key)], 1);
    outcomes.decided++;
    if (refusal === undefined) outcomes.allowed++;
  });
  return { outcomes, all: Promise.all(decisions) };
}

/** While Redis counts, exactly the limit gets through. */
async function expectExact(): Promise<void> {
  const { outcomes, all } = askEverywhere();
  await all;
  expect(outcomes).toEqual({ decided: 100, allowed: 20 });
}

const replica = (of: string[]) => admin.call("REPLICAOF", ...of);
const days: Record<string, { begin: () => Promise<unknown>; end: () => Promise<unknown> }> = {
  hangs: {
    begin: async () => process.kill(server.process.pid, "SIGSTOP"),
    end: async () => process.kill(server.process.pid, "SIGCONT"),
  },
  "takes 50 ms": {
    begin: async () => {
      delayMs = 25;
    },
    end: async () => {
      delayMs = 0;
      await time.pass(100);
    },
  },
  "only lets read": { begin: () => replica(["127.0.0.1", "1"]), end: () => replica(["NO", "ONE"]) },
  "has no memory": {
    begin: () => admin.config("SET", "maxmemory", "1"),
    end: () => admin.config("SET", "maxmemory", "0"),
  },
  "is gone and comes back empty": {
    begin: () => server.process.stop(),
    end: async () => {
      server = await startRedis(home, { ...options, port: server.port });
    },
  },
};

test.each(Object.keys(days))(
  "Redis %s: limits hold, nobody waits, and then it is asked again",
  async (name) => {
    await expectExact();
    await days[name]?.begin();
    try {
      for (let times = 0; times < 3; times++) {
        const { outcomes } = askEverywhere();
        await time.pass(3);
        // Each lets in its part of what may be given out for a caller of whom nothing is known.
        expect(outcomes).toEqual({ decided: 100, allowed: 4 });
        expect(limiters.every(({ degraded }) => degraded)).toBe(true);
        await time.pass(500);
      }
    } finally {
      await days[name]?.end();
    }
    await untilShared();
    await expectExact();
  },
  60_000,
);
