/** One of the processes of `bench:limiter`: asks its limiters as often as it is told and counts. */
import { setTimeout as sleep } from "node:timers/promises";
import { openRedis, redisReady } from "#mesh/redis/open-redis";
import { createLog } from "#observability/log";
import { LeasedLimiter } from "../../limits/leased-limiter.ts";
import type { Limit } from "../../limits/limit.ts";
import { RedisLedger } from "../../limits/redis-ledger.ts";
import { CallPerRequest } from "./call-per-request.ts";
import type { Order } from "./limiter-processes.ts";
import { LocalLimiter } from "./local-limiter.ts";
import type { Phase, PhaseResult } from "./phase.ts";

const [url = "", processes = "1"] = process.argv.slice(2);
const log = createLog({ service: "bench", level: "fatal" });
const redis = openRedis({ url, name: "bench", log });
await redisReady(redis);
let commands = 0;
const leased = new LeasedLimiter({
  ledger: new RedisLedger(redis),
  processes: Number(processes),
  onCommand: () => {
    commands++;
  },
});
// Patient, so that what is measured is the call, however busy the machine.
const called = new CallPerRequest(redis, new LocalLimiter(), 5000);
let calls = 0;
const send = redis.sendCommand.bind(redis);
redis.sendCommand = (...args) => {
  calls++;
  return send(...args);
};

type Decide = (key: string) => boolean | Promise<boolean>;

function decider({
  kind,
  requests,
  perSeconds,
  burst,
}: Omit<Phase, "keys" | "shares" | "seconds" | "times">): Decide {
  const intervalMs = (perSeconds * 1000) / requests;
  const rate = { kind: "rate", requests, perSeconds, burst, intervalMs, policy: "" } as const;
  const limit: Limit = { name: "bench", by: [], rate, tiers: new Map(), exempt: [] };
  if (kind === "leased") {
    return (key) => {
      const refusal = leased.decide([leased.account(limit, rate, key)], 1);
      return refusal instanceof Promise
        ? refusal.then((later) => later === undefined)
        : refusal === undefined;
    };
  }
  return (key) => {
    const decision = called.decide(key, rate, Date.now());
    return decision instanceof Promise ? decision.then(({ allowed }) => allowed) : decision.allowed;
  };
}

async function runPhase(phase: Phase, share: number): Promise<PhaseResult> {
  const decide = decider(phase);
  const perMs = (share * phase.keys * phase.times * phase.requests) / (phase.perSeconds * 1000);
  let [asked, allowed, waited] = [0, 0, 0];
  const took: number[] = [];
  const local = leased.limiter.tally("bench");
  const alone = () => local.allowed.local + local.refused.local;
  const before = {
    commands: phase.kind === "leased" ? commands : calls,
    alone: alone(),
  };
  const began = performance.now();
  for (let due = 0, at = began; at - began < phase.seconds * 1000; at = performance.now()) {
    // Poisson arrivals are near enough when every millisecond asks for what it is due, at random.
    for (due = (at - began) * perMs * (0.98 + 0.04 * Math.random()); asked < due; asked++) {
      const outcome = decide(`${phase.key}:${Math.floor(Math.random() * phase.keys)}`);
      if (outcome instanceof Promise) {
        waited++;
        const askedAt = performance.now();
        void outcome.then((passes) => {
          took.push(performance.now() - askedAt);
          allowed += passes ? 1 : 0;
        });
      } else allowed += outcome ? 1 : 0;
    }
    await sleep(1);
  }
  const elapsed = performance.now() - began;
  await sleep(20);
  took.sort((a, b) => a - b);
  // The decisions that did not wait took none of the time that counts here.
  const nth = (part: number) => took[Math.floor(took.length - (1 - part) * asked)] ?? 0;
  return {
    asked,
    allowed,
    waited,
    local: alone() - before.alone,
    commands: (phase.kind === "leased" ? commands : calls) - before.commands,
    seconds: elapsed / 1000,
    p99Ms: nth(0.99),
    longestMs: took.at(-1) ?? 0,
  };
}

/** @returns µs of CPU for a decision, the commands included */
async function spin(kind: Phase["kind"], key: string): Promise<number> {
  const decide = decider({ kind, key, requests: 600_000, perSeconds: 60, burst: 100_000 });
  const count = kind === "leased" ? 1_000_000 : 100_000;
  const before = process.cpuUsage();
  for (let done = 0; done < count; ) {
    const pending: Promise<boolean>[] = [];
    // As many as one turn of the event loop of a busy gateway has.
    for (let nth = 0; nth < 16; nth++, done++) {
      const outcome = decide(`${key}:${done % 1000}`);
      if (outcome instanceof Promise) pending.push(outcome);
    }
    if (pending.length > 0) await Promise.all(pending);
    else if (done % 512 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

async function fill(): Promise<number> {
  const decide = decider({ kind: "leased", key: "", requests: 600, perSeconds: 60, burst: 100 });
  const collect = async () => {
    for (let times = 0; times < 3; times++) {
      (globalThis as { gc?: () => void }).gc?.();
      await sleep(50);
    }
    return process.memoryUsage().rss;
  };
  const before = await collect();
  for (let nth = 0; nth < 100_000; nth++) {
    await decide(`fill:user:0193b0c0-0000-7000-8000-${String(nth).padStart(12, "0")}`);
    if (nth % 100 === 0) await sleep(0);
  }
  await sleep(1500);
  return ((await collect()) - before) / 100_000;
}

process.on("message", (order: Order) => {
  const work =
    order.do === "phase"
      ? runPhase(order.phase, order.share)
      : order.do === "spin"
        ? spin(order.kind, order.key)
        : fill();
  void work.then((result) => process.send?.(result));
});
process.send?.("ready");
