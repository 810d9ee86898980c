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

test("secrets are not written, however deep and however spelt", () => {
  const canary = "canary-4711";
  const secret = {
    password: canary,
    deep: [{ Authorization: canary, "set-cookie": canary, refresh_token: canary }],
  };
  const line = lineOf((log) => log.info({ body: secret, token: canary, kept: { name: "Ada" } }, "x"));
  expect(JSON.stringify(line)).not.toContain(canary);
  expect(line).toMatchObject({ token: "[redacted]", kept: { name: "Ada" } });
});

test("of an error its words and its code are written, nothing else that hangs on it", () => {
  const error = Object.assign(new Error("refused", { cause: new Error("because") }), {
    code: "E1",
    parameters: ["canary-4711"],
  });
  const line = lineOf((log) => log.error({ err: error }, "x"));
  expect(line.err).toMatchObject({
    type: "Error",
    message: "refused",
    code: "E1",
    cause: { message: "because" },
  });
  expect(JSON.stringify(line)).not.toContain("canary-4711");
});
