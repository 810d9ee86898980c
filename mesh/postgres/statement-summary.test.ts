import { expect, test } from "bun:test";
import { statementSummary } from "./statement-summary.ts";

const parts = (strings: TemplateStringsArray, ..._values: readonly unknown[]) => strings;

test("a statement is told by what it does to which tables, and never by a value", () => {
  const secret = "canary-4711";
  expect(statementSummary(parts`select id from orders where user_id = ${secret} limit ${10}`)).toEqual({
    summary: "SELECT orders",
    table: "orders",
    text: "select id from orders where user_id = $1 limit $2",
  });
  expect(
    statementSummary(parts`insert into inbox (event_id) select distinct unnest(${[secret]}::uuid[])
      on conflict do nothing returning event_id`),
  ).toMatchObject({ summary: "INSERT inbox", table: "inbox" });
  expect(statementSummary(parts`select 1`)).toEqual({
    summary: "SELECT",
    table: undefined,
    text: "select 1",
  });
});

test("what a statement names itself is no table, nor is a function or a lock", () => {
  expect(
    statementSummary(parts`
      with due as materialized (
        select order_id from sagas where due_at <= now() limit ${1} for update skip locked
      ), added as (
        insert into outbox (event_id) select id from json_to_recordset(${"[]"}) as given (id uuid)
      )
      update sagas s set lease = gen_random_uuid() from due where s.order_id = due.order_id`).summary,
  ).toBe("SELECT sagas, INSERT outbox, UPDATE sagas");
  expect(
    statementSummary(parts`
      insert into carts (id) values (${1}) on conflict (id) do update set n = carts.n + 1`).summary,
  ).toBe("INSERT carts");
  expect(statementSummary(parts`delete from sessions using users where users.id = ${1}`).summary).toBe(
    "DELETE sessions",
  );
  expect(statementSummary(parts`select outcome from hold_stocks(${1}::text::json)`).summary).toBe(
    "SELECT hold_stocks",
  );
  expect(statementSummary(parts`select a.id from a join b on a.id = b.id`)).toMatchObject({
    summary: "SELECT a, SELECT b",
    table: undefined,
  });
});
