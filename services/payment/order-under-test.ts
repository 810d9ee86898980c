import { afterAll, beforeAll, beforeEach } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestService, type TestService } from "./test-service.ts";

/** A service for all tests of a file, with what they read of the order that each of them has for itself. */
export function orderUnderTest(options: Parameters<typeof startTestService>[0]) {
  let started: TestService | undefined;
  let orderId = "";
  const service = (): TestService => {
    if (started === undefined) throw new Error("The service is there in tests only");
    return started;
  };
  beforeAll(async () => {
    started = await startTestService(options);
  });
  afterAll(() => service().stop());
  beforeEach(() => {
    orderId = uuidV7();
    delete service().network.before;
  });
  return {
    get service(): TestService {
      return service();
    },
    get id(): string {
      return orderId;
    },
    /** Of an order that is paid by PayPal, by what the PayPal order does. */
    paypalToken: (does: string) => `SANDBOX_${does}_1999_EUR_${orderId.slice(-6)}`,
    async kinds(): Promise<string[]> {
      return (await service().ledger(orderId)).map(({ kind }) => kind);
    },
    /** What our books say that the provider holds of the order. */
    async balance(gateway: "stripe" | "paypal"): Promise<number | undefined> {
      const rows = await service().sql<{ sum: number }[]>`
        select sum(e.amount)::int as sum from ledger_entries e join payments p on p.id = e.payment_id
        where p.order_id = ${orderId} and e.account = ${`${gateway}:balance`}`;
      return rows[0]?.sum;
    },
    async payment() {
      const rows = await service().sql<{ status: string; refunded: number; refunding: number }[]>`
        select status, refunded, refunding from payments where order_id = ${orderId}`;
      return rows[0];
    },
    /** What the buyer sees. */
    async shown(): Promise<string | undefined> {
      const { call, tokens } = service();
      const reply = await call("GET", `/api/payments?orderId=${orderId}`, tokens.user);
      return (reply.body.data[0] as { status?: string } | undefined)?.status;
    },
  };
}

export type OrderUnderTest = ReturnType<typeof orderUnderTest>;

/** Until it no longer throws. */
export const soon = (attempt: () => Promise<void>) =>
  eventually(async () => {
    await attempt();
    return true;
  });
