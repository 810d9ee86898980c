import { Type } from "@sinclair/typebox";
import type { ToldDispute } from "./payment-gateway.ts";
import { checked, type PaypalClient, PaypalUnknown } from "./paypal-client.ts";

// https://developer.paypal.com/docs/api/customer-disputes/v1/#disputes_list
const path = "/v1/customer/disputes";
const listSchema = Type.Object({
  items: Type.Optional(Type.Array(Type.Object({ dispute_id: Type.String(), create_time: Type.String() }))),
  links: Type.Optional(Type.Array(Type.Object({ rel: Type.String(), href: Type.String() }))),
});
const pageSize = 50;

/** Undefined when PayPal knows none. @throws PaypalUnknown */
export async function paypalDisputeNow(
  client: PaypalClient,
  id: string,
): Promise<Pick<ToldDispute, "type" | "object"> | undefined> {
  const { status, body, issue } = await client.call("GET", `${path}/${encodeURIComponent(id)}`);
  if (status === 404 && issue !== undefined) return undefined;
  if (status !== 200) throw new PaypalUnknown(`dispute-status-${status}`);
  return { type: "CUSTOMER.DISPUTE.UPDATED", object: body };
}

/**
 * Disputes that changed between two moments (at most 180 days ago). The list has summaries, and its next page at the
 * address that it names; whose capture it is and what PayPal took only the details tell.
 */
export async function* paypalDisputes(
  client: PaypalClient,
  from: Date,
  to: Date,
): AsyncIterable<ToldDispute> {
  const query = new URLSearchParams({
    update_time_after: from.toISOString(),
    update_time_before: to.toISOString(),
    page_size: String(pageSize),
  });
  for (let page: string | undefined = `${path}?${query}`; page !== undefined; ) {
    const { status, body } = await client.call("GET", page);
    const found = status === 200 ? checked(listSchema, body) : undefined;
    if (found === undefined) throw new PaypalUnknown(`disputes-status-${status}`);
    for (const { dispute_id: id, create_time } of found.items ?? []) {
      const told = await paypalDisputeNow(client, id);
      if (told !== undefined) yield { id, ...told, at: new Date(create_time) };
    }
    page = nextPage(found.links?.find(({ rel }) => rel === "next")?.href);
  }
}

/** On the host that we know: the token goes to no other. */
function nextPage(href: string | undefined): string | undefined {
  if (href === undefined) return undefined;
  const { search } = new URL(href, "https://api-m.paypal.com");
  return `${path}${search}`;
}
