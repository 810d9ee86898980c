import { afterAll, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { listen } from "#mesh/listen";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { type Journal, openJournal, readSavedBooks } from "./saved-books.ts";

const secretKey = "sk_test_sandbox";
const directory = mkdtempSync(join(tmpdir(), "sandbox-books-"));
const file = join(directory, "books");

beforeEach(() => rmSync(file, { force: true }));
afterAll(() => rmSync(directory, { recursive: true }));

/** A run that is never ended: what it leaves in the file is what a killed process leaves. */
function run(webhookUrl?: string): Sandbox {
  let journal: Journal | undefined;
  const sandbox = createSandbox({
    secretKey,
    webhookSecret: "whsec_sandbox",
    webhookUrl,
    webhookAfterMs: 0,
    saved: readSavedBooks(file),
    changed: (change) => journal?.append(change),
  });
  journal = openJournal(file, sandbox.saved());
  return sandbox;
}

async function post(sandbox: Sandbox, path: string, body: Record<string, string>, key?: string) {
  const headers = { authorization: `Bearer ${secretKey}`, ...(key && { "idempotency-key": key }) };
  const init = { method: "POST", headers, body: new URLSearchParams(body).toString() };
  const answer = await sandbox.fetch(new Request(`http://sandbox${path}`, init));
  return (await answer.json()) as { id: string; error?: { code: string } };
}

const charge = (sandbox: Sandbox, key?: string, card = "pm_card_visa") =>
  post(
    sandbox,
    "/v1/payment_intents",
    { amount: "1190", currency: "eur", confirm: "true", payment_method: card, "metadata[orderId]": "o-1" },
    key,
  );

test("a killed provider knows every charge, refund, cancellation and key that it answered", async () => {
  const first = run();
  const paid = await charge(first, "key-1");
  await charge(first, "key-2", "pm_card_chargeDeclined");
  await post(first, "/v1/refunds", { payment_intent: paid.id, amount: "190" }, "key-3");
  const held = await post(first, "/v1/payment_intents", { amount: "500", currency: "eur" });
  await post(first, `/v1/payment_intents/${held.id}/cancel`, {});
  const second = run();
  expect(second.state()).toEqual(first.state());
  expect(second.saved()).toEqual(first.saved());
  expect((await charge(second, "key-1")).id).toBe(paid.id);
  expect((await charge(second, "key-2", "pm_card_chargeDeclined")).error?.code).toBe("card_declined");
  expect(second.state().orders).toMatchObject([{ charges: 1, net: 1000 }]);
});

test("a killed provider goes on to deliver what nobody took, and not what was taken", async () => {
  const nobody = listen({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null, { status: 503 }) });
  const first = run(`http://127.0.0.1:${nobody.port}`);
  await charge(first, undefined, "pm_card_createDispute");
  first.close();
  await nobody.stop(0);
  const heard: string[] = [];
  const shop = listen({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      heard.push(((await request.json()) as { type: string }).type);
      return new Response();
    },
  });
  const second = run(`http://127.0.0.1:${shop.port}`);
  const types = ["charge.dispute.created", "charge.dispute.funds_withdrawn", "payment_intent.succeeded"];
  await eventually(() => {
    expect(heard.toSorted()).toEqual(types);
    expect(second.saved().undelivered).toEqual([]);
    return true;
  });
  expect(readSavedBooks(file)?.undelivered).toEqual([]);
  second.close();
  await shop.stop(0);
});

test("starting makes one line of many, for its owner only", async () => {
  const first = run();
  await charge(first);
  await charge(first);
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4);
  run();
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a last line that was cut off is passed over", async () => {
  const first = run();
  await charge(first);
  appendFileSync(file, '{"intents":[{"id":"pi_');
  expect(run().state()).toEqual(first.state());
  expect(readFileSync(file, "utf8")).not.toContain('"pi_"');
});

test("a damaged file is refused with its name and the way out, in one line", async () => {
  const first = run();
  const refused = (text: string, line: number) => {
    writeFileSync(file, text);
    expect(() => readSavedBooks(file)).toThrow(
      `The sandbox's books in ${file} are damaged in line ${line}: remove the file to start with empty books`,
    );
  };
  await charge(first);
  const whole = readFileSync(file, "utf8");
  refused("not books\n", 1);
  refused("", 1);
  refused('{"intents":', 1);
  refused('{"intents":[null]}\n', 1);
  refused(`${whole}{"inten\n${whole}`, 3);
});
