import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "./random.ts";

/** By which the shop's owner is known at the sandbox. */
export interface MerchantKeys {
  readonly stripeSecretKey: string;
  readonly paypalClientId: string;
  readonly paypalClientSecret: string;
}

export interface DecidedDisputes {
  /** `Stripe won`, `PayPal lost` and so on, one for each dispute. */
  readonly decided: readonly string[];
  stop(): Promise<void>;
}

const lookAgainMs = 1000;
const patienceMs = 5000;
/** Of the open ones at each look, so that some are decided at once and some long after. */
const decidedShare = 0.3;

/** Lets the bank and PayPal decide every dispute, some for the shop and some for the buyer, until stopped. */
export function startDecidingDisputes(sandbox: string, keys: MerchantKeys, random: Random): DecidedDisputes {
  const decided: string[] = [];
  const stopping = new AbortController();
  const desks = [stripeDesk(sandbox, keys), paypalDesk(sandbox, keys)];

  async function look(desk: Desk): Promise<void> {
    for (const id of await desk.open()) {
      if (random.fraction() >= decidedShare) continue;
      const isWon = random.fraction() < 0.5;
      if (await desk.decide(id, isWon)) decided.push(`${desk.name} ${isWon ? "won" : "lost"}`);
    }
  }
  const running = (async () => {
    while (!stopping.signal.aborted) {
      // The sandbox may be dead at this moment; what was not decided is so at the next look.
      for (const desk of desks) await look(desk).catch(() => {});
      await wait(lookAgainMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    decided,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface Desk {
  readonly name: string;
  /** Ids of the disputes that wait for a decision. */
  open(): Promise<readonly string[]>;
  decide(id: string, isWon: boolean): Promise<boolean>;
}

const asked = (url: string, authorization: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, headers: { authorization }, signal: AbortSignal.timeout(patienceMs) });

function stripeDesk(sandbox: string, { stripeSecretKey }: MerchantKeys): Desk {
  const bearer = `Bearer ${stripeSecretKey}`;
  const url = `${sandbox}/v1/disputes`;
  return {
    name: "Stripe",
    async open() {
      const { data } = (await (await asked(`${url}?limit=100`, bearer)).json()) as {
        data: readonly { id: string; status: string }[];
      };
      return data.filter(({ status }) => status === "needs_response").map(({ id }) => id);
    },
    async decide(id, isWon) {
      const evidence = isWon ? "winning_evidence" : "losing_evidence";
      const body = new URLSearchParams({ "evidence[uncategorized_text]": evidence }).toString();
      return (await asked(`${url}/${id}`, bearer, { method: "POST", body })).ok;
    },
  };
}

function paypalDesk(sandbox: string, { paypalClientId, paypalClientSecret }: MerchantKeys): Desk {
  const url = `${sandbox}/v1/customer/disputes`;
  async function bearer(): Promise<string> {
    const basic = `Basic ${btoa(`${paypalClientId}:${paypalClientSecret}`)}`;
    const login = await asked(`${sandbox}/v1/oauth2/token`, basic, { method: "POST" });
    return `Bearer ${((await login.json()) as { access_token: string }).access_token}`;
  }
  return {
    name: "PayPal",
    async open() {
      const answer = await asked(`${url}?dispute_state=REQUIRED_ACTION&page_size=50`, await bearer());
      const { items } = (await answer.json()) as { items: readonly { dispute_id: string }[] };
      return items.map(({ dispute_id }) => dispute_id);
    },
    async decide(id, isWon) {
      const body = JSON.stringify({ adjudication_outcome: isWon ? "SELLER_FAVOR" : "BUYER_FAVOR" });
      return (await asked(`${url}/${id}/adjudicate`, await bearer(), { method: "POST", body })).ok;
    },
  };
}
