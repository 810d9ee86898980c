import { type AuditedOrder, isSold, type Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/** What a provider holds for one order, in minor units. */
export interface Charged {
  readonly provider: "stripe" | "paypal";
  readonly orderId: string;
  readonly charges: number;
  readonly captured: number;
  readonly refunded: number;
  /** What the bank or PayPal gave to the buyer for a dispute, and what the provider took for that. */
  readonly withdrawn: number;
  readonly fees: number;
  readonly net: number;
}

/**
 * An order has at most one charge, the provider's net is the ledger's, and so is each sum that makes it, no order is confirmed without its money, and a
 * cancelled one keeps none.
 */
export async function auditMoney(
  { payment }: Stores,
  orders: readonly AuditedOrder[],
  charged: readonly Charged[],
  { expect }: Findings,
): Promise<void> {
  const paid = new Map((await readPayments(payment)).map((each) => [each.orderId, each]));
  const books = Map.groupBy(charged, ({ orderId }) => orderId);
  for (const order of orders) {
    const { id, status, total } = order;
    const atProviders = books.get(id) ?? [];
    const net = sumOf(atProviders, (each) => each.net);
    const charges = sumOf(atProviders, (each) => each.charges);
    const kept = sumOf(atProviders, (each) => each.captured - each.refunded);
    const withdrawn = sumOf(atProviders, (each) => each.withdrawn);
    const fees = sumOf(atProviders, (each) => each.fees);
    const { booked = 0, left = 0, given = 0, status: payment } = paid.get(id) ?? {};
    expect(charges <= 1, () => `order ${id} was charged ${charges} times`);
    expect(net === booked, () => `order ${id}: the provider's net is ${net}, the ledger's ${booked}`);
    expect(
      booked === left - fees,
      () => `order ${id}: the payment says ${left}, fees of disputes are ${fees}, the ledger ${booked}`,
    );
    for (const sum of ["captured", "refunded", "withdrawn", "fees"] as const) {
      const there = sumOf(atProviders, (each) => each[sum]);
      const here = paid.get(id)?.[sum] ?? 0;
      expect(there === here, () => `order ${id}: the provider has ${sum} ${there}, the ledger ${here}`);
    }
    for (const { provider } of atProviders) {
      const gateway = paid.get(id)?.gateway;
      expect(
        provider === gateway,
        () => `order ${id} was charged by ${provider}, its payment says ${gateway}`,
      );
    }
    if (isSold(order)) {
      // Of a sold order only an admin gives money back.
      const charged = kept + given;
      expect(charged === total, () => `order ${id} is ${status} at ${total}, charged ${charged}`);
      const isPaid = payment === "captured" || payment === "refunded";
      expect(isPaid, () => `order ${id} is ${status}, its payment ${payment ?? "missing"}`);
    }
    const rest = kept - withdrawn;
    if (status === "cancelled") expect(rest === 0, () => `order ${id} is cancelled and keeps ${rest}`);
  }
  const known = new Set(orders.map(({ id }) => id));
  for (const { orderId, captured, refunded } of charged) {
    expect(captured >= refunded, () => `order ${orderId}: more was given back than taken`);
    expect(known.has(orderId), () => `order ${orderId} was charged and does not exist`);
  }
  const balances = new Map((await readBalances(payment)).map(({ account, balance }) => [account, balance]));
  for (const [provider, each] of Map.groupBy(charged, (one) => one.provider)) {
    const net = sumOf(each, (one) => one.net);
    const balance = balances.get(`${provider}:balance`) ?? 0;
    expect(net === balance, () => `${provider} holds ${net}, the ledger's account of it ${balance}`);
  }
}

const sumOf = <T>(all: readonly T[], amount: (each: T) => number): number =>
  all.reduce((sum, each) => sum + amount(each), 0);

const readBalances = (payment: Stores["payment"]) => payment<{ account: string; balance: number }[]>`
  select account, sum(amount)::bigint as balance from ledger_entries where account like '%:balance' group by account`;

const readPayments = (payment: Stores["payment"]) => payment<
  {
    readonly orderId: string;
    readonly status: string;
    readonly gateway: string;
    /** Captured, and neither given back nor taken for a dispute. */
    readonly left: number;
    readonly booked: number;
    readonly given: number;
    /** The same sums as at the provider, by the ledger. */
    readonly captured: number;
    readonly refunded: number;
    readonly withdrawn: number;
    readonly fees: number;
  }[]
>`
  select p.order_id as "orderId", p.status, p.gateway,
    case when p.status in ('captured', 'refunded') then p.amount - p.refunded - p.withdrawn else 0 end as left,
    coalesce(l.booked, 0)::bigint as booked, coalesce(r.given, 0)::bigint as given,
    coalesce(l.captured, 0)::bigint as captured, coalesce(l.refunded, 0)::bigint as refunded,
    coalesce(l.withdrawn, 0)::bigint as withdrawn, coalesce(l.fees, 0)::bigint as fees
  from payments p left join (
    select payment_id, sum(amount) as booked, sum(amount) filter (where kind = 'capture') as captured,
      -sum(amount) filter (where kind in ('refund', 'refund-reversal')) as refunded,
      -sum(amount) filter (where kind in ('dispute-withdrawal', 'dispute-reinstatement', 'reversal')) as withdrawn,
      -sum(amount) filter (where kind in ('dispute-fee', 'dispute-fee-return')) as fees
    from ledger_entries where account like '%:balance' group by payment_id
  ) l on l.payment_id = p.id left join (
    select payment_id, sum(amount) as given from refunds where origin = 'admin' and status = 'succeeded'
    group by payment_id
  ) r on r.payment_id = p.id`;
