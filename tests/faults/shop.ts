import { randomUUID } from "node:crypto";
import { demoLogins } from "../../mesh/local/system-processes.ts";
import { post } from "../bench/post.ts";

/** What there is to buy, and who buys. */
export interface Shop {
  readonly products: readonly ShopProduct[];
  /** Few, wanted by many, and soon sold out; they are among the products. */
  readonly hot: readonly ShopProduct[];
  readonly people: readonly string[];
}

export interface ShopProduct {
  readonly id: string;
  readonly price: number;
  /** What was delivered: nothing comes later. */
  readonly delivered: number;
}

export interface ShopSize {
  readonly people: number;
  readonly products: number;
  readonly hot: number;
  readonly hotStock: number;
}

/** Registers people and delivers products, through the gateway and before anything is done to the system. */
export async function openShop(gateway: string, size: ShopSize): Promise<Shop> {
  const { token } = await tokenOf(gateway, "/api/auth/login", demoLogins.admin, 0);
  const plan = Array.from({ length: size.products }, (_, at) => ({
    price: 1000 + at * 7,
    delivered: at < size.hot ? size.hotStock : 1_000_000,
  }));
  const products = await fewAtOnce(plan, (each, at) => deliver(gateway, token, each, at));
  const people = await fewAtOnce(Array.from({ length: size.people }), (_, at) => register(gateway, at));
  return { products, hot: products.slice(0, size.hot), people };
}

/** What is only prepared must not depend on how fast the machine is: no call waits for more than seven others. */
async function fewAtOnce<T, R>(many: readonly T[], work: (each: T, at: number) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < many.length; at += 8) {
    const few = many.slice(at, at + 8).map((each, nth) => work(each, at + nth));
    done.push(...(await Promise.all(few)));
  }
  return done;
}

async function deliver(
  gateway: string,
  token: string,
  { price, delivered }: Omit<ShopProduct, "id">,
  at: number,
): Promise<ShopProduct> {
  const answer = await post(gateway, "/api/products", {
    token,
    body: {
      name: `Proven product ${at}`,
      description: "Bought by many at once",
      category: "drinkware",
      price: { amount: price, currency: "EUR" },
      stock: { onHand: delivered },
      billOfMaterials: {
        materials: [{ material: "stainless-steel", kg: "0.4" }],
        packaging: [],
        manufacturing: { country: "DE", energyKwh: "1.5" },
      },
    },
  });
  if (typeof answer.body.id !== "string") {
    throw new Error(`Creating a product answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return { id: answer.body.id, price, delivered };
}

async function register(gateway: string, at: number): Promise<string> {
  const email = `buyer-${randomUUID()}@example.test`;
  const body = { email, password: "correct horse battery staple", firstName: "Ada", lastName: "Lovelace" };
  return (await tokenOf(gateway, "/api/auth/register", body, at)).token;
}

/** An address of its own for each call: the limit on signing in is per address. */
async function tokenOf(gateway: string, path: string, body: unknown, at: number): Promise<{ token: string }> {
  const headers = { "x-forwarded-for": `10.9.${Math.floor(at / 250)}.${(at % 250) + 1}` };
  const answer = await post(gateway, path, { body, headers });
  if (typeof answer.body.accessToken !== "string") throw new Error(`${path} answered ${answer.status}`);
  return { token: answer.body.accessToken };
}
