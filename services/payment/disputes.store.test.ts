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
const moved = (withdrawals: number[]) => withdrawals.map((amount) => ({ amount }));
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
  expect(await kinds()).toEqual(["capture", "dispute-withdrawal"]);
  expect(await balance("stripe:balance")).toBe(0);
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
  expect(await kinds()).toEqual(["capture", "dispute-withdrawal", "dispute-reinstatement"]);
  expect(await balance("stripe:balance")).toBe(1999);
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
