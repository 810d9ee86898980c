import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService();
const { services, place, sql } = service;
const product = services.addProduct(100);
const one = orderOf([{ productId: product, quantity: 1 }]);
const url = process.env.TEST_DATABASE_URL ?? "";
const server = openDatabase({
  url,
  max: 1,
  applicationName: "x",
  log: createLog({ service: "x", level: "silent" }),
});

// Asked while nothing is broken: a query that meets a connection as it is ended fails.
const [database] = await sql<{ name: string }[]>`select current_database() as name`;
const name = database?.name ?? "";

afterAll(async () => {
  await service.close();
  await server.end();
});

/** From here on every connection of the service is a new one, of a database that refuses or takes writes. */
async function makeReadOnly(isReadOnly: boolean): Promise<void> {
  await server.unsafe(
    `alter database ${name} set default_transaction_read_only = ${isReadOnly ? "on" : "off"}`,
  );
  await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
}

test("a database that is read-only: orders are read, none is placed, and the client is told to come back", async () => {
  const { body: order } = await place(one);
  await makeReadOnly(true);
  const key = randomUUID();
  const refused = await eventually(async () => {
    const answer = await place(one, key);
    return answer.body.code === "unavailable" ? answer : undefined;
  });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  const read = await eventually(async () => {
    const answer = await service.read(order.id);
    return answer.status === 200 ? answer : undefined;
  });
  expect(read.body.status).toBe("confirmed");
  expect(services.products.get(product)?.onHand).toBe(99);
  await makeReadOnly(false);
  const placed = await eventually(async () => {
    const answer = await place(one, key);
    return answer.status === 201 ? answer : undefined;
  });
  expect(placed.body.status).toBe("confirmed");
  expect(services.products.get(product)?.onHand).toBe(98);
}, 20_000);

test("a database that goes away in the middle of an order: the order comes to its end all the same, once", async () => {
  const { pass } = services.network;
  services.network.pass = async (passing) => {
    const answer = passing.deliver();
    if (passing.call.path.startsWith("/internal/payments/")) {
      services.network.pass = pass;
      await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    }
    return answer;
  };
  const key = randomUUID();
  await place(one, key);
  const [row] = await eventually(
    () => sql<{ order_id: string }[]>`select order_id from idempotency_keys where key = ${key}`,
  );
  const id = row?.order_id ?? "";
  const ended = await eventually(
    async () => {
      await service.passTime();
      return service.ended(id);
    },
    { withinMs: 10_000 },
  );
  expect(ended).toEqual({ status: "confirmed", reservation: "confirmed", payment: "captured" });
  expect(services.payments.get(id)?.charges).toBe(1);
  expect(await service.eventTypes(id)).toEqual(["created", "confirmed"]);
}, 20_000);
