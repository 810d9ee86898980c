import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
let orderId: string;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(() => {
  orderId = uuidV7();
});

type Stage = "created" | "funds_withdrawn" | "closed" | "funds_reinstated";

async function disputed() {
  const { body } = await service.charge(orderId, "pm_card_createDispute");
  const intent = service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === orderId);
  const dispute = service.sandbox.state().disputes.find((each) => each.payment_intent === intent?.id);
  if (dispute === undefined) throw new Error("There is no dispute");
  const opened = structuredClone(dispute);
  const tell = (stage: Stage, object: object = opened) =>
    service.webhook({ id: `evt_${uuidV7()}`, type: `charge.dispute.${stage}`, data: { object } });
  return { paymentId: body.id, opened, tell };
}
const moved = (amounts: number[]) =>
  amounts.map((amount) => (amount < 0 ? { amount, fee: 1500, currency: "eur" } : { amount }));
const read = async () =>
  (await service.call("GET", `/api/payments?orderId=${orderId}`, service.tokens.user)).body.data[0];
const kinds = async () => (await service.ledger(orderId)).map(({ kind }) => kind);
async function balance(account: string): Promise<number> {
  const [row] = await service.sql<{ sum: number }[]>`
    select coalesce(sum(e.amount), 0)::bigint as sum from ledger_entries e join payments p on p.id = e.payment_id
    where p.order_id = ${orderId} and e.account = ${account}`;
  return row?.sum ?? 0;
}

test("a dispute shows, the bank's withdrawal is booked once, and nothing can be refunded meanwhile", async () => {
  const { paymentId, tell } = await disputed();
  for (const stage of ["created", "funds_withdrawn", "created"] as const) await tell(stage);
  expect(await read()).toMatchObject({ status: "disputed" });
  expect(await kinds()).toEqual(["capture", "dispute-withdrawal", "dispute-fee"]);
  expect(await balance("stripe:balance")).toBe(-1500);
  expect(await balance("orders:disputed")).toBe(1999);
  expect(await service.refund(paymentId, 1)).toMatchObject({
    status: 409,
    body: { code: "payment-disputed" },
  });
  expect(await service.events(orderId)).toEqual(["initiated", "processed", "disputed"]);
  expect(await service.charge(orderId, "pm_card_createDispute")).toMatchObject({
    status: 200,
    body: { status: "captured" },
  });
});

test.each<[string, Stage[]]>([
  ["in order", ["created", "funds_withdrawn", "closed", "funds_reinstated"]],
  ["backwards", ["funds_reinstated", "closed", "funds_withdrawn", "created"]],
  ["with the end first", ["closed", "created", "funds_reinstated", "funds_withdrawn"]],
])("one that is won comes back, with its events %s", async (_, stages) => {
  const { opened, tell } = await disputed();
  const won = { ...opened, status: "won", balance_transactions: moved([-1999, 1999]) };
  for (const stage of stages) {
    await tell(stage, stage === "closed" || stage === "funds_reinstated" ? won : opened);
  }
  expect(await read()).toMatchObject({ status: "captured" });
  expect((await kinds()).toSorted()).toEqual([
    "capture",
    "dispute-fee",
    "dispute-reinstatement",
    "dispute-withdrawal",
  ]);
  expect(await balance("stripe:balance")).toBe(499);
  expect(await balance("orders:disputed")).toBe(0);
});

test("one that is lost stays with the buyer, and ends a cancellation", async () => {
  const { opened, tell } = await disputed();
  await tell("created");
  expect(await service.cancel(orderId)).toMatchObject({ status: 202, body: { status: "processing" } });
  await tell("closed", { ...opened, status: "lost" });
  await service.passTime();
  await sweepPayments(service.deps);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(await read()).toMatchObject({ status: "disputed" });
  expect(service.sandbox.state().refunds).toEqual([]);
});

test("what Stripe takes for a dispute is booked once, and what it gives back of that", async () => {
  const { opened, tell } = await disputed();
  const fee = { fee: 1500, currency: "usd" };
  const told = { ...opened, balance_transactions: [{ amount: -1999, ...fee }] };
  for (const stage of ["created", "funds_withdrawn"] as const) await tell(stage, told);
  expect(await kinds()).toEqual(["capture", "dispute-withdrawal", "dispute-fee"]);
  expect(await balance("shop:dispute-fees")).toBe(1500);
  expect(await balance("stripe:balance")).toBe(-1500);
  const back = { amount: 1999, fee: -1500, currency: "usd" };
  for (const stage of ["closed", "funds_reinstated"] as const) {
    await tell(stage, { ...told, status: "won", balance_transactions: [...told.balance_transactions, back] });
  }
  expect(await balance("shop:dispute-fees")).toBe(0);
  expect(await balance("stripe:balance")).toBe(1999);
  const rows = await service.sql<{ currency: string }[]>`
    select l.currency from ledger l join payments p on p.id = l.payment_id
    where p.order_id = ${orderId} and l.kind like 'dispute-fee%'`;
  expect(rows.map(({ currency }) => currency)).toEqual(["USD", "USD"]);
});

test("an inquiry that takes no money books none", async () => {
  const { opened, tell } = await disputed();
  await tell("created", { ...opened, status: "warning_needs_response", balance_transactions: [] });
  await tell("closed", { ...opened, status: "warning_closed", balance_transactions: [] });
  expect(await kinds()).toEqual(["capture"]);
  expect(await read()).toMatchObject({ status: "captured" });
});

test("of a charge that is not ours is taken and ignored", async () => {
  const { opened, tell } = await disputed();
  service.network.before = async () => Response.json({ id: "pi_x", object: "payment_intent", metadata: {} });
  expect(await tell("created", opened)).toMatchObject({ status: 200 });
  delete service.network.before;
  expect(await kinds()).toEqual(["capture"]);
});

test("after one that is won what the bank gave back can be refunded", async () => {
  const { paymentId, opened, tell } = await disputed();
  await tell("created");
  await service.stripePost(`/v1/disputes/${opened.id}`, {
    "evidence[uncategorized_text]": "winning_evidence",
  });
  await tell("closed", { ...opened, status: "won", balance_transactions: moved([-1999, 1999]) });
  expect(await service.refund(paymentId, 1999)).toMatchObject({ status: 201, body: { status: "succeeded" } });
  expect(await balance("stripe:balance")).toBe(service.atProvider(orderId).net);
});
