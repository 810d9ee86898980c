import { expect, test } from "bun:test";
import { newContext, runWith } from "./context.ts";
import { createLog } from "./log.ts";

/** The one line that `write` makes, as an object. */
function lineOf(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  let text = "";
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  write(createLog({ service: "test-service", level: "info", destination }));
  return JSON.parse(text) as Record<string, unknown>;
}

test("a line carries the ids of the work it belongs to", () => {
  const context = { ...newContext(), userId: "u1" };
  const line = runWith(context, () => lineOf((log) => log.info({ orderId: "o1" }, "placed")));
  expect(line).toMatchObject({
    level: "info",
    service: "test-service",
    message: "placed",
    orderId: "o1",
    trace_id: context.traceId,
    span_id: context.spanId,
    correlation_id: context.correlationId,
    user_id: "u1",
  });
});

const canary = "canary-4711";

test("of what is not in the register the name is written, and nothing else", () => {
  const line = lineOf((log) =>
    log.info(
      { orderId: "o1", body: { orderId: canary }, [`${canary}@x`]: 1, token: canary, kept: true },
      "x",
    ),
  );
  expect(line).toMatchObject({
    orderId: "o1",
    kept: true,
    body: "[not in telemetry.yaml]",
    token: "[not in telemetry.yaml]",
  });
  expect(JSON.stringify(line)).not.toContain(canary);
});

test("of an object its registered members are written, and no object deeper than that", () => {
  const reasons = { unauthorized: 4, "not-found": { deep: canary }, odd: canary, [`${canary}@x`]: 1 };
  const line = lineOf((log) =>
    log.info({ reasons, orderId: { id: canary }, failing: ["redis", { canary }], tier: [canary] }, "x"),
  );
  expect(line).toMatchObject({
    reasons: { unauthorized: 4, "not-found": "[not in telemetry.yaml]", odd: "[not in telemetry.yaml]" },
    orderId: "[not in telemetry.yaml]",
    failing: ["redis", "[not in telemetry.yaml]"],
    tier: "[not in telemetry.yaml]",
  });
  expect(JSON.stringify(line)).not.toContain(canary);
});

test("a moment, a large number and what is missing are written as they are", () => {
  const at = new Date(0);
  const line = lineOf((log) => log.info({ activeFrom: at, offset: 9007199254740993n, tier: null }, "x"));
  expect(line).toMatchObject({ activeFrom: at.toJSON(), offset: "9007199254740993", tier: null });
});

const card = "4242 4242 4242 4242";
const secrets = `${card}, ada@example.test, Bearer abcdefgh12345678, redis://:hunter2@redis:6379`;
const masked = "[redacted], [redacted], [redacted], redis[redacted]redis:6379";

test("what looks like a secret is masked in words, wherever they stand, and an id is left as it is", () => {
  const id = "0190a5b0-7e1a-7000-8000-000000000000";
  const line = lineOf((log) =>
    log.warn({ detail: secrets, mistakes: [secrets], orderId: id, err: new Error(secrets) }, secrets),
  );
  expect(line).toMatchObject({ detail: masked, mistakes: [masked], orderId: id, message: masked });
  expect(line.err).toMatchObject({ type: "Error", message: masked });
  expect(JSON.stringify(line)).not.toMatch(/4242|hunter2|ada@|abcdefgh/);
});

test("an error that nobody says anything about does not become the message", () => {
  const alone = lineOf((log) => log.error(new Error(card)));
  expect(alone).toMatchObject({ message: "without a message", err: { message: "[redacted]" } });
  expect(JSON.stringify(alone)).not.toContain("4242");
  const thrown = lineOf((log) => log.error({ err: { message: card, sql: canary } }, "x"));
  expect(thrown.err).toEqual({ message: "[redacted]", sql: "[not in telemetry.yaml]" });
});

test("of an error its words and its code are written, nothing else that hangs on it", () => {
  const error = Object.assign(new Error("refused", { cause: new Error("because") }), {
    code: "E1",
    parameters: [canary],
  });
  const line = lineOf((log) => log.error({ err: error }, "x"));
  expect(line.err).toMatchObject({
    type: "Error",
    message: "refused",
    code: "E1",
    cause: { message: "because" },
  });
  expect(JSON.stringify(line)).not.toContain(canary);
});
