import { afterAll, beforeAll, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { openKeyring } from "./keyring.ts";
import { reencrypt } from "./reencrypt.ts";
import { startTestService, type TestService, testKeys } from "./test-service.ts";

const newKey = `k2:${Buffer.alloc(32, 2).toString("base64")}`;
const both = openKeyring(`${newKey},${testKeys}`);
const now = () => new Date();
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const keysInUse = async () => {
  const rows = await service.sql<{ key: string }[]>`
    select distinct split_part(card_token, '.', 2) as key from payments where card_token is not null order by 1`;
  return rows.map(({ key }) => key);
};

test("seals old rows anew while charges go on, and says so once", async () => {
  const orders = Array.from({ length: 20 }, () => uuidV7());
  await Promise.all(orders.map((id) => service.charge(id)));
  const waiting = await service.charge(uuidV7(), "pm_card_threeDSecure2Required");
  await service.sql`update payments set card_token = 'pm_card_visa' where order_id = ${orders[0] ?? ""}`;
  const [done] = await Promise.all([reencrypt(service.sql, both, now), service.charge(uuidV7())]);
  expect(done).toMatchObject({ next_action_url: 1 });
  expect(done.card_token).toBeGreaterThanOrEqual(21);
  await reencrypt(service.sql, both, now);
  expect(await keysInUse()).toEqual(["k2"]);
  expect(await reencrypt(service.sql, both, now)).toEqual({
    card_token: 0,
    next_action_url: 0,
    payer_reference: 0,
  });
  Object.assign(service.deps, { keyring: openKeyring(newKey) });
  expect(await service.charge(orders[1] ?? "")).toMatchObject({ status: 200 });
  expect(waiting.body.nextAction.url).toStartWith("http");
  const rows = await service.sql<
    { content: string }[]
  >`select content from audit_log where act = 'keys-rotated'`;
  expect(rows.length).toBeGreaterThan(0);
  expect(rows[0]?.content).toContain('"key":"k2"');
});

test("a key that is missing is named, and nothing is changed", async () => {
  const ring = openKeyring(`k3:${Buffer.alloc(32, 3).toString("base64")}`);
  expect(reencrypt(service.sql, ring, now)).rejects.toThrow('KEYRING has no key "k2"');
  expect(await keysInUse()).toEqual(["k2"]);
});
