import type { Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/** What of the sandbox's books tells of disputes; none there in books that know no PayPal, or no disputes. */
export interface DisputeBooks {
  readonly disputes?: readonly { readonly id: string; readonly status: string; readonly amount: number }[];
  readonly paypal?: readonly {
    readonly amount: number;
    readonly dispute?: { readonly id: string; readonly outcome: string | null };
  }[];
}

interface Dispute {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
}

/** Each dispute at a provider is known here, with its end and its amount, and no other; nothing of a provider's still waits. */
export async function auditDisputes(
  { payment }: Stores,
  books: DisputeBooks,
  { expect }: Findings,
): Promise<void> {
  const rows = await payment<Dispute[]>`select gateway || ' ' || id as id, status, amount from disputes`;
  const ours = new Map(rows.map((each) => [each.id, each]));
  const theirs = [...(books.disputes ?? []).map(atStripe), ...(books.paypal ?? []).flatMap(atPaypal)];
  for (const { id, status, amount } of theirs) {
    const known = ours.get(id);
    expect(known !== undefined, () => `dispute ${id} is not known here`);
    if (known === undefined) continue;
    expect(known.status === status, () => `dispute ${id} is ${status} there and ${known.status} here`);
    expect(known.amount === amount, () => `dispute ${id} is about ${amount} there and ${known.amount} here`);
  }
  const there = new Set(theirs.map(({ id }) => id));
  for (const { id } of rows) expect(there.has(id), () => `dispute ${id} is known here and not there`);
  const [waiting] = await payment<{ count: number }[]>`select count(*)::int as count from waiting_news`;
  expect(waiting?.count === 0, () => `${waiting?.count} events of the providers wait`);
}

const atStripe = ({ id, status, amount }: Dispute): Dispute => ({
  id: `stripe ${id}`,
  status: status === "needs_response" ? "open" : status,
  amount,
});

function atPaypal({ amount, dispute }: NonNullable<DisputeBooks["paypal"]>[number]): Dispute[] {
  if (dispute === undefined) return [];
  const ended = dispute.outcome === "RESOLVED_BUYER_FAVOUR" ? "lost" : "won";
  return [{ id: `paypal ${dispute.id}`, status: dispute.outcome === null ? "open" : ended, amount }];
}
