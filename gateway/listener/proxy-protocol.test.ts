import { afterEach, describe, expect, test } from "bun:test";
import type { EdgeRequest } from "./edge-request.ts";
import { endTestListeners, host, openTestListener, plain } from "./test-listener.ts";

afterEach(endTestListeners);

describe("the PROXY protocol", () => {
  const limits = { proxyProtocol: true };
  const addressOf = {
    serve: (request: EdgeRequest) => request.respond(plain(`from ${request.remoteAddress}.`)),
  };
  const request = `GET / HTTP/1.1\r\n${host}\r\n`;

  test("tells the client's address, in text and in binary", async () => {
    const { client } = await openTestListener({ limits, trusted: () => true, ...addressOf });
    const one = await client();
    one.send(`PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n${request}`);
    await one.until(/from 203\.0\.113\.7\./);
    const other = await client();
    const header = Buffer.from(
      "0d0a0d0a000d0a515549540a2111000ccb0071090a0000011388 01bb".replace(" ", ""),
      "hex",
    );
    other.send(header.subarray(0, 14));
    other.send(Buffer.concat([header.subarray(14), Buffer.from(request)]));
    await other.until(/from 203\.0\.113\.9\./);
  });

  test.each([
    "PROXY TCP4 999.0.0.1 127.0.0.1 1 80",
    "PROXY TCP4 203.0.113.05 127.0.0.1 1 80",
    "PROXY TCP6 203.0.113.5 ::1 1 80",
    "PROXY TCP4 203.0.113.5",
  ])("with an address that is none ends the connection: %s", async (line) => {
    const { client } = await openTestListener({ limits, trusted: () => true, ...addressOf });
    const one = await client();
    one.send(`${line}\r\n${request}`);
    expect(await one.untilEnd()).toBe("");
  });

  test("is believed of nobody else, and wanted where it is configured", async () => {
    const strange = await openTestListener({ limits, ...addressOf });
    const one = await strange.client();
    one.send(`PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n${request}`);
    expect(await one.untilEnd()).toBe("");
    const { client } = await openTestListener({ limits, trusted: () => true, ...addressOf });
    const other = await client();
    other.send(request);
    expect(await other.untilEnd()).toBe("");
  });
});
