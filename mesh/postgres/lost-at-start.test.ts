import { expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { createLog } from "#observability/log";
import { openDatabase } from "./open-database.ts";

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const authenticated = message("R", Buffer.alloc(4));
const ready = message("Z", Buffer.from("I"));
const terminated = message("E", Buffer.from("SFATAL\0C57P01\0Mterminating connection\0\0"));

// What patches/postgres@3.4.9.patch mends: without it a promise is rejected that nobody has, which ends the process.
test("a connection that is lost while it asks for its types fails nobody but those who wait for it", async () => {
  let asked = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(Buffer.concat([authenticated, ready]));
      socket.once("data", () => {
        asked++;
        socket.end(terminated);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `postgres://someone@127.0.0.1:${(server.address() as AddressInfo).port}/any`;
  const log = createLog({ service: "test", level: "silent" });
  const sql = openDatabase({ url, max: 1, applicationName: "test", log });
  const waiting = sql`select 1`.then(
    () => "answered",
    () => "failed",
  );
  for (const deadline = performance.now() + 5000; asked === 0 && performance.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 10));
  // Whatever is rejected and nobody's fails this test by now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await sql.end({ timeout: 0 });
  server.close();
  expect(asked).toBeGreaterThan(0);
  expect(await waiting).toBe("failed");
}, 10_000);
