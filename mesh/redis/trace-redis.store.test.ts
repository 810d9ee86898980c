import { expect, test } from "bun:test";
import { newContext, runWith } from "#observability/context";
import { createLog } from "#observability/log";
import { RecordedSpans } from "#observability/trace/testing/recorded-spans";
import { openRedis, redisReady } from "./open-redis.ts";
import { traceRedis } from "./trace-redis.ts";

test("a command of a recorded trace is told of by its name, never by its keys", async () => {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error("TEST_REDIS_URL is not set; run the tests with `bun run test`");
  const log = createLog({ service: "test", level: "silent" });
  const redis = traceRedis(openRedis({ url, name: "test", log }));
  await redisReady(redis);
  const key = `trace-redis:canary-${newContext().traceId}`;
  const tracing = new RecordedSpans();
  await runWith(newContext(), () => redis.set(key, "canary", "EX", 10));
  expect(tracing.spans).toEqual([]);
  const context = tracing.context();
  await runWith(context, async () => {
    expect(await redis.get(key)).toBe("canary");
    expect(await redis.incr(key).catch(({ name }: Error) => name)).toBe("ReplyError");
    expect(await redis.pipeline().del(key).exists(key).exec()).toEqual([
      [null, 1],
      [null, 0],
    ]);
  });
  expect(tracing.spans.map(({ name, failed }) => ({ name, failed }))).toEqual([
    { name: "GET", failed: false },
    { name: "INCR", failed: true },
    { name: "DEL", failed: false },
    { name: "EXISTS", failed: false },
  ]);
  expect(tracing.named("GET")).toMatchObject({
    traceId: context.traceId,
    parentSpanId: context.spanId,
    attributes: { "db.system.name": "redis", "db.operation.name": "GET" },
  });
  expect(tracing.named("INCR").attributes).toMatchObject({
    "error.type": "ReplyError",
    "db.response.status_code": "ERR",
  });
  expect(JSON.stringify(tracing.spans.map(({ attributes }) => attributes))).not.toContain("canary");
  redis.disconnect();
});
