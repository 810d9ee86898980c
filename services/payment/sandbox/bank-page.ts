import type { Books } from "./books.ts";
import { document, escaped } from "./document.ts";

export interface BankAnswer {
  readonly response: Response;
  /** The intent that the buyer decided on. */
  readonly changed?: string;
}

/** The bank's side of 3-D Secure: a page on which the buyer approves or denies. Undefined for any other path. */
export async function bankPage(
  books: Books,
  request: Request,
  path: string,
): Promise<BankAnswer | undefined> {
  const [, id = "", decision] = /^\/sandbox\/authenticate\/(\w+)(?:\/(approve|deny))?$/.exec(path) ?? [];
  const intent = books.intents.get(id);
  if (intent === undefined) return undefined;
  if (decision === undefined) {
    const waits = intent.status === "requires_action";
    const buttons = ["approve", "deny"]
      .map(
        (each) =>
          `<form method="post" action="/sandbox/authenticate/${id}/${each}"><button>${each}</button></form>`,
      )
      .join("");
    const body = waits ? buttons : "<p>There is nothing to decide any more.</p>";
    return {
      response: document(
        "Payment sandbox: your bank",
        `<h1>Your bank asks</h1><p>Pay ${intent.amount} minor units of ${escaped(intent.currency.toUpperCase())}
for order ${escaped(intent.metadata.orderId ?? "")}?</p>${body}`,
      ),
    };
  }
  if (request.method !== "POST") return { response: new Response(null, { status: 405 }) };
  const action = intent.next_action;
  const back = action?.type === "redirect_to_url" ? action.redirect_to_url.return_url : "/";
  books.authenticate(intent, decision === "approve");
  return { response: new Response(null, { status: 303, headers: { location: back } }), changed: id };
}
