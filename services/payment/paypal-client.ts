import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { providerFetch } from "#mesh/http/provider-fetch";
import { ProviderSilent } from "./payment-gateway.ts";

/** PayPal's answer to a call; `issue` is its fine-grained error code. */
export interface PaypalAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly issue: string | undefined;
}

/** No answer, or none that says anything for sure. */
export class PaypalUnknown extends ProviderSilent {
  override readonly name = "PaypalUnknown";
}

export interface PaypalClient {
  /** @throws PaypalUnknown for a timeout, a fault of PayPal's, too many calls or refused credentials */
  call(method: "GET" | "POST" | "PATCH", path: string, options?: CallOptions): Promise<PaypalAnswer>;
}

interface CallOptions {
  readonly body?: unknown;
  /** PayPal-Request-Id, the idempotency key. */
  readonly key?: string;
}

export interface PaypalClientOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiUrl: string;
  readonly timeoutMs: number;
  readonly now?: () => number;
}

const tokenSchema = Type.Object({ access_token: Type.String(), expires_in: Type.Integer() });
const errorSchema = Type.Object({
  name: Type.String(),
  details: Type.Optional(Type.Array(Type.Object({ issue: Type.String() }))),
});
/** A token is renewed this much before it ends, in milliseconds. */
const renewBeforeMs = 60_000;

/** Calls PayPal's REST API with an OAuth token (client credentials) that is kept until it ends. */
export function createPaypalClient(options: PaypalClientOptions): PaypalClient {
  const { apiUrl, timeoutMs, now = Date.now } = options;
  let known: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  const call = providerFetch("paypal");

  async function request(path: string, init: RequestInit): Promise<PaypalAnswer> {
    try {
      const response = await call(`${apiUrl}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      const text = await response.text();
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      const { status } = response;
      if (status >= 500 || status === 429 || status === 409) throw new PaypalUnknown(`status-${status}`);
      const error = checked(errorSchema, body);
      return { status, body, issue: error?.details?.[0]?.issue ?? error?.name };
    } catch (error) {
      if (error instanceof PaypalUnknown) throw error;
      throw new PaypalUnknown(error instanceof SyntaxError ? "unreadable-answer" : "no-answer");
    }
  }

  async function freshToken(): Promise<string> {
    const credentials = Buffer.from(`${options.clientId}:${options.clientSecret}`).toString("base64");
    const { body } = await request("/v1/oauth2/token", {
      method: "POST",
      headers: {
        authorization: `Basic ${credentials}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
    });
    const answer = checked(tokenSchema, body);
    if (answer === undefined) throw new PaypalUnknown("credentials-refused");
    known = { token: answer.access_token, until: now() + answer.expires_in * 1000 - renewBeforeMs };
    return known.token;
  }

  async function token(): Promise<string> {
    if (known !== undefined && known.until > now()) return known.token;
    asking ??= freshToken().finally(() => {
      asking = undefined;
    });
    return await asking;
  }

  return {
    async call(method, path, { body, key } = {}) {
      const init = async (): Promise<RequestInit> => ({
        method,
        headers: {
          authorization: `Bearer ${await token()}`,
          "content-type": "application/json",
          prefer: "return=representation",
          ...(key !== undefined && { "paypal-request-id": key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const first = await request(path, await init());
      if (first.status !== 401) return first;
      known = undefined;
      const second = await request(path, await init());
      if (second.status === 401 || second.status === 403) throw new PaypalUnknown(`status-${second.status}`);
      return second;
    },
  };
}

/** The value when it has this shape. */
export function checked<S extends TSchema>(schema: S, value: unknown): Static<S> | undefined {
  return Value.Check(schema, value) ? value : undefined;
}
