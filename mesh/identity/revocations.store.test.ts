import { afterEach, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Redis } from "ioredis";
import { createLog } from "#observability/log";
import { eventually } from "../eventually.ts";
import { openRedis, redisReady } from "../redis/open-redis.ts";
import { uuidV7 } from "../uuid-v7.ts";
import { openRevocations, type Revocations } from "./revocations.ts";

const log = createLog({ service: "test", level: "silent" });
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function verifier(): Promise<{ redis: Redis; revocations: Revocations; name: string }> {
  const name = `test-${uuidV7()}`;
  const redis = openRedis({ url: process.env.TEST_REDIS_URL ?? "", name, log });
  if (!(await redisReady(redis))) throw new Error("TEST_REDIS_URL names no Redis that answers");
  const revocations = await openRevocations({ redis, log });
  ends.push(
    () => redis.disconnect(),
    () => revocations.close(),
  );
  return { redis, revocations, name };
}

const inAMinute = () => new Date(Date.now() + 60_000);

test("a revocation reaches every verifier within a second, and one that starts later", async () => {
  const [one, other] = await Promise.all([verifier(), verifier()]);
  const session = uuidV7();
  expect(other.revocations.isRevoked(session)).toBe(false);
  await one.revocations.revoke(session, inAMinute());
  await eventually(() => (other.revocations.isRevoked(session) ? true : undefined), { withinMs: 1000 });
  expect((await verifier()).revocations.isRevoked(session)).toBe(true);
});

test("what is revoked while a verifier has no connection is known when it is back", async () => {
  const [one, other] = await Promise.all([verifier(), verifier()]);
  for (let round = 0; round < 3; round += 1) {
    const session = uuidV7();
    const list = (await one.redis.call("CLIENT", "LIST")) as string;
    const ids = list
      .split("\n")
      .filter((line) => line.includes(`name=${other.name} `))
      .map((line) => /\bid=(\d+)/.exec(line)?.[1] ?? "");
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) await one.redis.call("CLIENT", "KILL", "ID", id);
    await one.revocations.revoke(session, inAMinute());
    await eventually(() => (other.revocations.isRevoked(session) ? true : undefined), { withinMs: 5000 });
  }
});

test("a revocation ends when the last token of the session has expired", async () => {
  const { revocations } = await verifier();
  const session = uuidV7();
  await revocations.revoke(session, new Date(Date.now() - 1));
  expect(revocations.isRevoked(session)).toBe(false);
});

test("a user's tokens and everybody's end at a time, everywhere within a second and for who starts later", async () => {
  const [one, other] = await Promise.all([verifier(), verifier()]);
  const user = `user with ${uuidV7()}`;
  const now = new Date();
  const second = now.getTime() / 1000;
  await one.revocations.revokeUser(user, now, inAMinute());
  const isOld = ({ revocations }: typeof one) => revocations.isRevoked("", user, second - 1);
  await eventually(() => isOld(other) || undefined, { withinMs: 1000 });
  const later = await verifier();
  expect(isOld(later)).toBe(true);
  expect(later.revocations.isRevoked("", user, second)).toBe(false);
  expect(later.revocations.isRevoked("", uuidV7(), second - 1)).toBe(false);
  // Long ago, because other tests share this Redis.
  const longAgo = 1000;
  await one.revocations.revokeAll(new Date(longAgo * 1000), inAMinute());
  await eventually(() => other.revocations.isRevoked("", uuidV7(), longAgo - 1) || undefined, {
    withinMs: 1000,
  });
  expect(other.revocations.isRevoked("", uuidV7(), longAgo)).toBe(false);
});

test("revoking without Redis says so, and holds where it was said", async () => {
  const { redis, revocations } = await verifier();
  const user = uuidV7();
  redis.disconnect();
  expect(revocations.revokeUser(user, new Date(), inAMinute())).rejects.toThrow();
  expect(revocations.isRevoked("", user, Date.now() / 1000 - 1)).toBe(true);
  expect(revocations.revokeUser("", new Date(), inAMinute())).rejects.toThrow("mean everybody");
});

test("a connection that is dead and does not say so is replaced, and what was missed is read", async () => {
  const { hostname, port } = new URL(process.env.TEST_REDIS_URL ?? "");
  const links: { near: Socket; far: Socket }[] = [];
  const wire = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
    links.push({ near, far });
  });
  await new Promise<void>((resolve) => wire.listen(0, "127.0.0.1", () => resolve()));
  const url = new URL(process.env.TEST_REDIS_URL ?? "");
  url.host = `127.0.0.1:${(wire.address() as AddressInfo).port}`;
  const redis = openRedis({ url: url.href, name: "far", log });
  await redisReady(redis);
  const revocations = await openRevocations({ redis, log });
  ends.push(
    () => wire.close(),
    () => links.forEach(({ near }) => void near.destroy()),
    () => redis.disconnect(),
    () => revocations.close(),
  );
  // Nothing arrives any more, and nobody is told: a cable was pulled.
  for (const { near, far } of links.splice(0)) {
    far.unpipe(near);
    ends.push(() => far.destroy());
  }
  const session = uuidV7();
  await (await verifier()).revocations.revoke(session, inAMinute());
  await eventually(() => (revocations.isRevoked(session) ? true : undefined), { withinMs: 12_000 });
}, 20_000);
