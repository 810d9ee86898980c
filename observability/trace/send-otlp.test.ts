import { afterEach, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { createOtlpSender } from "./send-otlp.ts";

const body = new TextEncoder().encode(`{"resourceSpans":[]}${" ".repeat(1000)}`);
let server: Server | undefined;
afterEach(() => void server?.close());

/** A collector that answers so. @returns its address, and what it was sent */
async function collector(answer: string, status = 200) {
  const sent: { headers: IncomingMessage["headers"]; bytes: Buffer }[] = [];
  const made = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      sent.push({ headers: request.headers, bytes });
      response.writeHead(status, { "content-type": "application/json" }).end(answer);
    });
  });
  server = made;
  await new Promise<void>((resolve) => void made.listen(0, "127.0.0.1", resolve));
  return { sent, endpoint: `http://127.0.0.1:${(made.address() as AddressInfo).port}` };
}
const sendTo = (endpoint: string, compression?: "gzip") =>
  createOtlpSender({ endpoint, headers: {}, compression })(body, AbortSignal.timeout(5000));

test.each([
  ['{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', { refused: 3, reason: "too old" }],
  ['{"partialSuccess":{"rejectedSpans":3}}', { refused: 3, reason: "" }],
  // A warning: all were taken.
  ['{"partialSuccess":{"errorMessage":"soon too old"}}', { refused: 0, reason: "soon too old" }],
])("%s is taken but for a part", async (answer, outcome) => {
  expect(await sendTo((await collector(answer)).endpoint)).toEqual(outcome);
});

test.each(["", "{}", '{"partialSuccess":{}}', '{"partialSuccess":null}', '{"partialSuccess":'])(
  "%p is taken",
  async (answer) => expect(await sendTo((await collector(answer)).endpoint)).toBe("taken"),
);

test("a refusal says its status; what may pass is tried again", async () => {
  expect(await sendTo((await collector("no", 400)).endpoint)).toEqual({
    refused: "all",
    reason: "status 400",
  });
  server?.close();
  expect(await sendTo((await collector("later", 503)).endpoint)).toBe("again");
});

test("a body is compressed where that is asked for", async () => {
  const { sent, endpoint } = await collector("{}");
  expect(await sendTo(endpoint)).toBe("taken");
  expect(await sendTo(endpoint, "gzip")).toBe("taken");
  expect(sent.map(({ headers }) => headers["content-encoding"])).toEqual([undefined, "gzip"]);
  expect(sent[0]?.bytes.equals(body)).toBe(true);
  expect(sent[1]?.bytes.length).toBeLessThan(100);
  expect(gunzipSync(sent[1]?.bytes ?? "").equals(body)).toBe(true);
});
