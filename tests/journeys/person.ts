import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { system } from "./system.ts";

/** What came back: the status, the headers and the body as JSON, or as text where it is none. */
export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface Sending {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly base?: string;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly stock: { readonly available: number };
  readonly sustainabilityScore: number;
  readonly carbon: { readonly kgCO2e: string };
}

export interface Order {
  readonly id: string;
  readonly status: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly total: { readonly amount: number; readonly currency: string };
  readonly carbon: { readonly kgCO2e: string };
  readonly cancelReason?: string;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string; readonly email: string };
}

/**
 * An address of its own for each call that nobody signs: the gateway here believes what loopback says of the client, so
 * that the limits for one address do not stop the tests of another thing.
 */
export const someAddress = (): string => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;

export const password = "correct horse battery staple";
export const newEmail = (): string => `person-${randomBytes(6).toString("hex")}@example.test`;
export const address = {
  fullName: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postalCode: "SW1Y 4JH",
  country: "GB",
};

/** One call through the gateway, or to `base`. */
export async function call<T = Record<string, unknown>>(
  method: string,
  path: string,
  sending: Sending = {},
): Promise<Answer<T>> {
  const { body, token, headers, base = system.gateway } = sending;
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(base + path, {
    method,
    headers: {
      "x-forwarded-for": someAddress(),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) as T };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Registers somebody new. */
export async function newPerson(email = newEmail()): Promise<Tokens> {
  const answer = await call<Tokens>("POST", "/api/auth/register", {
    body: { email, password, firstName: "Ada", lastName: "Lovelace" },
  });
  if (answer.status !== 201)
    throw new Error(`Registering answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export async function logIn(email: string, secret: string): Promise<Tokens> {
  const answer = await call<Tokens>("POST", "/api/auth/login", { body: { email, password: secret } });
  if (answer.status !== 200)
    throw new Error(`Logging in answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

let adminToken: Promise<string> | undefined;
/** The token of the admin who is there from the start, with limits for all the tests that share this one caller. */
export function admin(): Promise<string> {
  adminToken ??= logInWithoutHaste();
  return adminToken;
}

async function logInWithoutHaste(): Promise<string> {
  const { email, password: secret } = system.admins;
  const { accessToken: token, user } = await logIn(email, secret);
  const { status } = await call("PUT", `/api/users/${user.id}/tier`, { token, body: { tier: "business" } });
  if (status !== 200) throw new Error(`Changing the tier answered ${status}`);
  // The tier is a claim of the token.
  return (await logIn(email, secret)).accessToken;
}

/** A product of its own for a test that counts its stock. */
export async function newProduct({ onHand = 100, price = 1999 } = {}): Promise<Product> {
  const answer = await call<Product>("POST", "/api/products", {
    token: await admin(),
    body: productBody({ onHand, price }),
  });
  if (answer.status !== 201)
    throw new Error(`Creating a product answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export const productBody = ({ onHand, price }: { onHand: number; price: number }) => ({
  name: `Test kettle ${randomBytes(3).toString("hex")}`,
  description: "Boils water",
  category: "drinkware",
  price: { amount: price, currency: "EUR" },
  stock: { onHand },
  billOfMaterials: {
    materials: [{ material: "stainless-steel", kg: "0.8" }],
    packaging: [],
    manufacturing: { country: "DE", energyKwh: "1.5" },
  },
});

export interface Buying {
  readonly token: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly card?: string;
  readonly key?: string;
}

export function buy({
  token,
  items,
  card = "pm_card_visa",
  key = randomUUID(),
}: Buying): Promise<Answer<Order>> {
  return call<Order>("POST", "/api/orders", {
    token,
    headers: { "idempotency-key": key },
    body: { items, shippingAddress: address, paymentMethod: { type: "card", token: card } },
  });
}

/** What can be bought of a product now, as a client sees it. */
export async function available(productId: string): Promise<number> {
  return (await call<Product>("GET", `/api/products/${productId}`)).body.stock.available;
}
