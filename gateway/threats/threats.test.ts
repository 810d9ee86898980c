import { beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { readMessage } from "./share-threats.ts";
import { compileThreats } from "./threat-policy.ts";
import { Threats } from "./threats.ts";

const address = "203.0.113.5";
let now = 0;
let lines: string[] = [];
let news: string[] = [];
let metrics = createMetrics("test");

function watch(written: Parameters<typeof compileThreats>[0], mostScores?: number): Threats {
  now = 0;
  lines = [];
  news = [];
  metrics = createMetrics("test");
  const policy = compileThreats(written);
  return new Threats({
    policy: () => policy,
    log: createLog({
      service: "test",
      level: "info",
      destination: { write: (line) => void lines.push(line) },
    }),
    metrics,
    now: () => now,
    news: {
      blocked: (key, forMs) => void news.push(`${key} ${forMs}`),
      pardoned: (key) => void news.push(`pardoned ${key}`),
    },
    ...(mostScores !== undefined && { mostScores }),
  });
}

const usual = { flagAbove: 10, block: { above: 20, seconds: 60, maxSeconds: 200 } };
const fail = (threats: Threats, times: number, account?: string) => {
  for (let time = 0; time < times; time++) threats.note("failed-sign-in", address, account);
};
const logged = (text: string) => lines.filter((line) => line.includes(text)).length;

let threats: Threats;
beforeEach(() => {
  threats = watch(usual);
});

describe("a score", () => {
  test("is logged and counted once when it becomes high, and again after it was low", async () => {
    fail(threats, 3);
    expect(logged('"threat"')).toBe(1);
    now += 600_000;
    fail(threats, 2);
    expect(logged('"threat"')).toBe(2);
    const text = await metrics.text();
    expect(text).toMatch(/gateway_threat_signals_total\{signal="failed-sign-in",[^}]*\} 5/);
    expect(text).toMatch(/gateway_threats_flagged_total\{of="address",[^}]*\} 2/);
  });

  test("is forgotten by half in each half-life, so that a mistake now and then blocks nobody", () => {
    for (let minute = 0; minute < 600; minute++) {
      now += 60_000;
      threats.note("failed-sign-in", address, undefined);
    }
    expect(threats.anyBlock).toBe(false);
    expect(threats.view().top[0]?.points).toBe(10);
  });

  test("tells its reasons, and of no more than so many", () => {
    for (let at = 0; at < 100; at++) threats.note("unknown-path", `203.0.113.${at}`, undefined);
    threats.note("unreadable", address, undefined);
    const { top, scores } = threats.view(10);
    expect(top).toHaveLength(10);
    expect(scores).toBe(100);
    expect(top[0]).toMatchObject({
      key: `address:${address}`,
      points: 7,
      reasons: { "unknown-path": 1, unreadable: 1 },
    });
  });

  test("of who failed last is kept, whatever many others do", () => {
    const small = watch(usual, 100);
    for (let at = 0; at < 10_000; at++) {
      small.note("not-found", `10.0.${at >> 8}.${at & 255}`, undefined);
      if (at % 50 === 0) small.note("failed-sign-in", address, undefined);
    }
    expect(small.view().scores).toBe(100);
    expect(small.anyBlock).toBe(true);
  });
});

describe("a block", () => {
  test("begins above the threshold, ends by itself, and is twice as long the next time, up to the most", () => {
    const left = () => threats.addressBlockedFor(address);
    fail(threats, 3);
    expect(left()).toBe(0);
    fail(threats, 1);
    expect(left()).toBe(60_000);
    fail(threats, 100);
    expect(left()).toBe(60_000);
    now += 60_000;
    expect(left()).toBe(0);
    expect(threats.anyBlock).toBe(false);
    for (const seconds of [120, 200, 200]) {
      fail(threats, 4);
      expect(left()).toBe(seconds * 1000);
      now += seconds * 1000;
    }
    now += 3_600_001;
    fail(threats, 4);
    expect(left()).toBe(60_000);
    expect(news).toHaveLength(5);
  });

  test("never comes of an account's failures alone, however many addresses they come from", () => {
    for (let at = 0; at < 200; at++) threats.note("failed-sign-in", `10.0.0.${at}`, "login:ada");
    expect(threats.anyBlock).toBe(false);
    expect(threats.pairBlockedFor(address, "login:ada")).toBe(0);
    expect(threats.view().top[0]).toMatchObject({ key: "login:ada", flagged: true, blocks: 0 });
  });

  test("of an account at an address leaves the account free elsewhere", () => {
    fail(threats, 4, "login:ada");
    expect(threats.pairBlockedFor(address, "login:ada")).toBe(60_000);
    expect(threats.pairBlockedFor("198.51.100.7", "login:ada")).toBe(0);
    expect(threats.pairBlockedFor(address, "login:eve")).toBe(0);
  });

  test("does not end or begin when the wall clock is set, and is gone when pardoned", async () => {
    fail(threats, 4, "user:ada");
    expect(await metrics.text()).toMatch(/gateway_blocked\{[^}]*\} 2/);
    expect(threats.pardon(`address:${address}`)).toBe(true);
    expect(threats.pardon(`pair:${address} user:ada`)).toBe(true);
    expect(threats.pardon("address:198.51.100.7")).toBe(false);
    expect([threats.anyBlock, threats.anyPairBlock]).toEqual([false, false]);
    expect(await metrics.text()).toMatch(/gateway_blocked\{[^}]*\} 0/);
    fail(threats, 1);
    expect(threats.anyBlock).toBe(false);
  });

  test("can be left out, and then nobody is", () => {
    const flagging = watch({ flagAbove: 10 });
    fail(flagging, 100);
    expect(flagging.anyBlock).toBe(false);
    expect(logged('"threat"')).toBe(1);
  });

  test("of another gateway holds here, for no longer than it could be here", () => {
    threats.blockedElsewhere(`address:${address}`, 1e9);
    expect(threats.addressBlockedFor(address)).toBe(200_000);
    threats.pardonedElsewhere(`address:${address}`);
    expect(threats.anyBlock).toBe(false);
    expect(news).toEqual([]);
  });

  test("of very many is still bounded", () => {
    for (let at = 0; at < 20_000; at++)
      threats.blockedElsewhere(`pair:10.0.${at >> 8}.${at & 255} user:x`, 1000);
    expect(threats.view(99_999).blocked).toHaveLength(10_000);
    now += 1000;
    expect(threats.view().blocked).toHaveLength(0);
    expect(threats.anyPairBlock).toBe(false);
  });
});

test("without `threats` in the file nothing is watched", () => {
  const none = watch(undefined);
  fail(none, 1000);
  expect(none.view()).toEqual({ watching: false, scores: 0, blocked: [], top: [] });
});

test("what is no message of another gateway is not read", () => {
  const other = "11111111-2222-4333-8444-555555555555";
  const own = "00000000-0000-4000-8000-000000000000";
  expect(readMessage(`${other} 60000 address:2001:db8:0:1`, own)).toEqual({
    key: "address:2001:db8:0:1",
    forMs: 60_000,
  });
  for (const bad of [
    "",
    "x",
    `${own} 1 address:1`,
    `${other} -1 address:1`,
    `${other} 1 ${"a:".repeat(400)}`,
  ])
    expect(readMessage(bad, own)).toBeUndefined();
});
