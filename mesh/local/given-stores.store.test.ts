import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { freePorts } from "./free-ports.ts";
import { refuseAwayPostgres, refuseAwayRedis } from "./given-stores.ts";

const stores = [
  { name: "DATABASE_URL", check: refuseAwayPostgres, url: process.env.TEST_DATABASE_URL ?? "" },
  { name: "REDIS_URL", check: refuseAwayRedis, url: process.env.TEST_REDIS_URL ?? "" },
];
const refusal = (attempt: Promise<void>): Promise<string> =>
  attempt.then(
    () => "nothing was refused",
    (error: Error) => error.message,
  );

test.each(stores)(
  "$name: a server that answers is taken, any other is refused",
  async ({ name, check, url }) => {
    await check(url);
    const [port] = await freePorts(1);
    const nobody = new URL(url);
    nobody.port = String(port);
    expect(await refusal(check(nobody.href))).toContain(`127.0.0.1:${port} cannot be used (`);
    const stranger = new URL(url);
    stranger.password = "guess-of-a-password";
    const refused = await refusal(check(stranger.href));
    expect(refused).toContain(`correct ${name} or unset it`);
    expect(refused).not.toContain("guess-of-a-password");
    expect(await refusal(check("localhost:1234"))).toStartWith(`${name} is not a URL`);
  },
);

test.each(stores)(
  "$name: one that takes connections and says nothing is not waited for",
  async ({ check, url }) => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const silent = new URL(url);
    silent.port = String(typeof address === "object" ? address?.port : "");
    const before = performance.now();
    expect(await refusal(check(silent.href))).toContain("cannot be used");
    expect(performance.now() - before).toBeLessThan(4500);
    mute.close();
  },
);
