import { eventually } from "#mesh/eventually";
import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import { admin, buy, call, newPerson, newProduct, type Product } from "./person.ts";
import { system } from "./system.ts";

/** An id that nothing has. */
export const nobody = "0190a5b0-7e1a-7000-8000-000000000000";

/** Somebody who bought something, somebody else, and an admin. */
export interface Scene {
  readonly token: string;
  readonly stranger: string;
  readonly adminToken: string;
  readonly product: Product;
  readonly orderId: string;
  readonly paymentId: string;
}

export async function openScene(): Promise<Scene> {
  const token = (await newPerson()).accessToken;
  const stranger = (await newPerson()).accessToken;
  const product = await newProduct();
  const orderId = (await buy({ token, items: [{ productId: product.id, quantity: 1 }] })).body.id;
  const path = `/api/payments?orderId=${orderId}`;
  // An answer may come before the order is through; until then rows are still added.
  const paymentId = await eventually(async () => {
    const { body } = await call<{ data: { id: string; status: string }[] }>("GET", path, { token });
    return body.data.find(({ status }) => status === "captured")?.id;
  });
  return { token, stranger, adminToken: await admin(), product, orderId, paymentId };
}

/** How many rows there are of what bad input must never make. A refused refund is remembered under its key, and moves nothing. */
export async function countRows(): Promise<Record<string, number>> {
  const log = createLog({ service: "test", level: "silent" });
  const counted: [keyof typeof system.databases, string][] = [
    ["user", "users"],
    ["product", "products"],
    ["order", "orders"],
    ["payment", "payments"],
    ["payment", "ledger"],
  ];
  const counts = await Promise.all(
    counted.map(async ([database, table]) => {
      const sql = openDatabase({ url: system.databases[database], max: 1, applicationName: "test", log });
      const [row] = await sql<{ count: number }[]>`select count(*) from ${sql(table)}`;
      await sql.end();
      return [table, row?.count ?? -1] as const;
    }),
  );
  return Object.fromEntries(counts);
}
