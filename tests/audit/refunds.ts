import type { Stores } from "./audited-order.ts";
import type { Findings } from "./findings.ts";

/** What of the sandbox's books tells of refunds that we asked for. */
export interface RefundBooks {
  readonly refunds?: readonly {
    readonly metadata: { readonly refundId?: string };
    readonly amount: number;
    readonly status: string;
  }[];
  readonly paypal?: readonly {
    readonly refunds: readonly {
      readonly customId: string | null;
      readonly amount: number;
      readonly failed?: boolean;
    }[];
  }[];
}

interface Refund {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
}

/** Each refund is at the provider what it is here: made, or come back; none is known on one side only, and none is open. */
export async function auditRefunds(
  { payment }: Stores,
  books: RefundBooks,
  { expect }: Findings,
): Promise<void> {
  const rows = await payment<Refund[]>`select id, status, amount from refunds where origin <> 'provider'`;
  const theirs = new Map([...atStripe(books), ...atPaypal(books)].map((each) => [each.id, each]));
  for (const { id, status, amount } of rows) {
    const there = theirs.get(id);
    // One that the provider refused is not in its books.
    const wanted = there?.status ?? (status === "succeeded" ? "missing" : "failed");
    const here = status === "refused" ? "failed" : status;
    expect(here === wanted, () => `refund ${id} is ${status} here and ${wanted} at the provider`);
    const sum = there?.amount ?? amount;
    expect(sum === amount, () => `refund ${id} is of ${amount} here and of ${sum} at the provider`);
  }
  const ours = new Set(rows.map(({ id }) => id));
  for (const id of theirs.keys()) expect(ours.has(id), () => `refund ${id} was made and is not known here`);
}

const atStripe = ({ refunds = [] }: RefundBooks): Refund[] =>
  refunds.flatMap(({ metadata: { refundId: id }, amount, status }) => (id ? [{ id, amount, status }] : []));

const atPaypal = ({ paypal = [] }: RefundBooks): Refund[] =>
  paypal
    .flatMap(({ refunds }) => refunds)
    .flatMap(({ customId: id, amount, failed }) =>
      id === null ? [] : [{ id, amount, status: failed ? "failed" : "succeeded" }],
    );
