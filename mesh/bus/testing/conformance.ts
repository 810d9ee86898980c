import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../eventually.ts";
import type { Bus, BusMessage, DeliveredMessage, SubscribeOptions } from "../bus.ts";
import { type MemberOptions, spawnMember } from "./spawn-member.ts";

/** Kafka allows no less. */
const sessionTimeoutMs = 6000;
const takeoverMs = 25_000;

export interface BusUnderTest {
  open(options: { sessionTimeoutMs: number }): Promise<Bus>;
  openAway(): Promise<Bus>;
  /** How a process of its own finds the same bus. */
  place: Pick<MemberOptions, "databaseUrl" | "brokers">;
  close(): Promise<void>;
}

/** What every bus promises. To be called in a `describe`. */
export function busConformance(prepare: () => Promise<BusUnderTest>): void {
  let subject: BusUnderTest;
  let bus: Bus;
  let opened: Bus[] = [];

  beforeAll(async () => {
    subject = await prepare();
    bus = await subject.open({ sessionTimeoutMs });
  }, 30_000);
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
    opened = [];
  }, 30_000);
  afterAll(async () => {
    await bus.close();
    await subject.close();
  }, 30_000);

  async function openAnother(): Promise<Bus> {
    const another = await subject.open({ sessionTimeoutMs });
    opened.push(another);
    return another;
  }

  /** Subscribes from a process-like bus of its own and gathers everything it is given. */
  async function gather(group: string, topic: string, handle: SubscribeOptions["handle"] = async () => {}) {
    const own = await openAnother();
    const seen: DeliveredMessage[] = [];
    const subscription = await own.subscribe({
      group,
      topics: [topic],
      async handle(batch) {
        seen.push(...batch);
        await handle(batch);
      },
    });
    return { seen, values: () => seen.map(({ value }) => value), stop: () => subscription.stop() };
  }

  test("what was published is there for a bus that is opened later", async () => {
    const topic = newName();
    await bus.publish([message(topic, "k", "kept")]);
    const { values } = await gather(newName(), topic);
    await eventually(() => values().includes("kept") || undefined, { withinMs: 15_000 });
    expect(values()).toEqual(["kept"]);
  }, 30_000);

  test("what a group has not handled yet is counted, and not what others have not", async () => {
    const topic = newName();
    await bus.publish(["a", "b", "c"].map((key) => message(topic, key, "1")));
    const released = Promise.withResolvers<void>();
    const own = await openAnother();
    const subscription = await own.subscribe({
      group: newName(),
      topics: [topic],
      handle: () => released.promise,
    });
    const waiting = await subscription.waiting();
    released.resolve();
    expect(waiting).toBe(3);
    await eventually(async () => (await subscription.waiting()) === 0 || undefined, { withinMs: 15_000 });
    await bus.publish([message(newName(), "a", "1")]);
    expect(await subscription.waiting()).toBe(0);
  }, 30_000);

  test("publishing nothing is nothing", async () => {
    await bus.publish([]);
  });

  test("each key stays in order with publishers side by side", async () => {
    const topic = newName();
    const publishers = [bus, await openAnother(), await openAnother()];
    await Promise.all(
      publishers.map(async (publisher, at) => {
        for (let n = 0; n < 30; n += 3) {
          const keys = [`${at}-a`, `${at}-b`, `${at}-c`];
          await publisher.publish(
            [n, n + 1, n + 2].flatMap((value) => keys.map((key) => message(topic, key, `${value}`))),
          );
        }
      }),
    );
    const { seen } = await gather(newName(), topic);
    await eventually(() => seen.length >= 270 || undefined, { withinMs: 15_000 });
    const wanted = Array.from({ length: 30 }, (_, n) => `${n}`);
    const byKey = Map.groupBy(seen, ({ key }) => key);
    expect(byKey.size).toBe(9);
    for (const all of byKey.values()) expect(all.map(({ value }) => value)).toEqual(wanted);
    for (const all of Map.groupBy(seen, ({ partition }) => partition).values()) {
      expect(all.map(({ offset }) => Number(offset))).toEqual(all.map((_, n) => n));
    }
  }, 30_000);

  test("every group gets everything", async () => {
    const topic = newName();
    const groups = await Promise.all([gather(newName(), topic), gather(newName(), topic)]);
    const values = numbered(20);
    await bus.publish(values.map((value) => message(topic, value, value)));
    for (const { values: seen } of groups) {
      await eventually(() => seen().length >= 20 || undefined, { withinMs: 15_000 });
      expect(seen().sort()).toEqual(values.sort());
    }
  }, 30_000);

  test("members of a group share the partitions, and together get everything once", async () => {
    const topic = newName();
    const group = newName();
    const members = [await gather(group, topic), await gather(group, topic)];
    await eventually(
      async () => {
        for (const { seen } of members) seen.length = 0;
        await bus.publish(numbered(40).map((value) => message(topic, value, "probe")));
        await eventually(() => members.reduce((sum, { seen }) => sum + seen.length, 0) >= 40 || undefined);
        return members.every(({ seen }) => seen.length > 0) || undefined;
      },
      { withinMs: 20_000 },
    );
    const values = numbered(200);
    await bus.publish(values.map((value) => message(topic, value, value)));
    const all = () => members.flatMap(({ seen }) => seen).filter(({ value }) => value !== "probe");
    await eventually(() => all().length >= 200 || undefined);
    expect(
      all()
        .map(({ value }) => value)
        .sort(),
    ).toEqual(values.sort());
    const [one, other] = members.map(({ seen }) => new Set(seen.map(({ partition }) => partition)));
    expect(one?.intersection(other ?? new Set()).size).toBe(0);
    expect((one?.size ?? 0) + (other?.size ?? 0)).toBe(8);
  }, 45_000);

  test("a batch that fails comes again, the same and in order", async () => {
    const topic = newName();
    const values = numbered(5);
    await bus.publish(values.map((value) => message(topic, "same", value)));
    const attempts: string[][] = [];
    const { stop } = await gather(newName(), topic, async (batch) => {
      attempts.push(batch.map(({ value }) => value));
      if (attempts.length < 3) throw new Error("not yet");
    });
    await eventually(() => attempts.length >= 3 || undefined, { withinMs: 15_000 });
    await stop();
    expect(attempts).toEqual([values, values, values]);
  }, 30_000);

  test("stop waits for the running handler and commits what it did", async () => {
    const topic = newName();
    const group = newName();
    await bus.publish([message(topic, "k", "first")]);
    let finish = () => {};
    const { seen, stop } = await gather(group, topic, () => new Promise((resolve) => (finish = resolve)));
    await eventually(() => seen.length > 0 || undefined, { withinMs: 15_000 });
    let stopped = false;
    const stopping = stop().then(() => (stopped = true));
    await sleep(300);
    expect(stopped).toBe(false);
    finish();
    await stopping;
    await bus.publish([message(topic, "k", "second")]);
    const { values } = await gather(group, topic);
    await eventually(() => values().length > 0 || undefined, { withinMs: 15_000 });
    expect(values()).toEqual(["second"]);
  }, 45_000);

  test("a group that starts again goes on where it committed", async () => {
    const topic = newName();
    const group = newName();
    for (const [first, second] of [
      ["a", "b"],
      ["c", "d"],
    ] as const) {
      await bus.publish([message(topic, first, first), message(topic, second, second)]);
      const { values, stop } = await gather(group, topic);
      await eventually(() => values().length >= 2 || undefined, { withinMs: 15_000 });
      await stop();
      expect(values().sort()).toEqual([first, second]);
    }
  }, 45_000);

  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "a member that gets %s loses its partitions, and no message",
    async (signal) => {
      const topic = newName();
      const group = newName();
      const member = spawnMember({ ...subject.place, group, topics: [topic], sessionTimeoutMs });
      try {
        await bus.publish([message(topic, "k", "done")]);
        await eventually(() => member.values.includes("done") || undefined, { withinMs: 15_000 });
        await bus.publish([message(topic, "k", "hang")]);
        await eventually(() => member.values.includes("hang") || undefined, { withinMs: 15_000 });
        member.signal(signal);
        const { values } = await gather(group, topic);
        await bus.publish([message(topic, "k", "after")]);
        await eventually(() => values().includes("after") || undefined, { withinMs: takeoverMs });
        // "done" may come again where its commit was cut off; what was being handled must.
        expect(values().slice(-2)).toEqual(["hang", "after"]);
      } finally {
        await member.kill();
      }
    },
    60_000,
  );

  test("keys, headers and large values arrive as they were", async () => {
    const topic = newName();
    const large = `${"x".repeat(999_990)} "\\ é`;
    const sent: BusMessage[] = [
      {
        topic,
        key: "schlüssel 🌱",
        value: '{"a":"ä\\u0000🌍"}',
        headers: { traceparent: "00-ab", 'quo"te': "{,}\\ñ" },
      },
      { topic, key: "", value: "", headers: {} },
      { topic, key: "NULL", value: large },
    ];
    await bus.publish(sent);
    const { seen } = await gather(newName(), topic);
    await eventually(() => seen.length >= 3 || undefined, { withinMs: 15_000 });
    const byKey = new Map(seen.map((each) => [each.key, each]));
    for (const { key, value, headers = {} } of sent) {
      const found = byKey.get(key);
      expect(found?.value === value).toBe(true);
      expect({ ...found?.headers }).toEqual({ ...headers });
    }
  }, 45_000);

  test("a member that waits is woken by what is published", async () => {
    const topic = newName();
    const { seen } = await gather(newName(), topic);
    await bus.publish([message(topic, "k", "warm")]);
    await eventually(() => seen.length > 0 || undefined, { withinMs: 15_000 });
    const started = performance.now();
    for (let n = 2; n <= 6; n += 1) {
      await bus.publish([message(topic, "k", "again")]);
      await eventually(() => seen.length >= n || undefined, { everyMs: 2 });
    }
    expect((performance.now() - started) / 5).toBeLessThan(1000);
  }, 30_000);

  test("check answers while the bus is there, and opening it fails clearly when it is not", async () => {
    await bus.check();
    const failure = await subject.openAway().then(
      () => "opened",
      (error: unknown) => String(error),
    );
    expect(failure).toMatch(/is away: /);
  }, 30_000);
}

const newName = () => `test-${randomBytes(6).toString("hex")}`;
const message = (topic: string, key: string, value: string): BusMessage => ({ topic, key, value });
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);
