import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

/** The pool notices the connections that were ended. */
const reachable = () => eventually(async () => (await service.sql`select 1`).length === 1 || undefined);

test("while PostgreSQL is read-only nothing is charged and the caller is told to come again", async () => {
  const paid = await service.charge(uuidV7());
  await service.readOnly(true);
  await reachable();
  const orderId = uuidV7();
  expect(await service.charge(orderId)).toMatchObject({
    status: 503,
    body: { code: "unavailable" },
  });
  expect(await service.cancel(orderId)).toMatchObject({ status: 503 });
  expect(await service.refund(paid.body.id, 1)).toMatchObject({ status: 503 });
  expect(await service.call("GET", `/api/payments/${paid.body.id}`, service.tokens.user)).toMatchObject({
    status: 200,
  });
  expect(service.atProvider(orderId)).toMatchObject({ charges: 0 });
  expect(service.sandbox.state().refunds).toEqual([]);
  await service.readOnly(false);
  await reachable();
  expect(await service.charge(orderId)).toMatchObject({ status: 200 });
});
