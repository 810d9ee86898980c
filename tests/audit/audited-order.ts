import type { Sql } from "#mesh/postgres/sql";

export interface AuditedOrder {
  readonly id: string;
  readonly status: string;
  readonly total: number;
  /** Its saga goes on: forward, or backward after somebody cancelled it. */
  readonly underWay: boolean;
}

/** The databases that an audit reads. */
export type Stores = Readonly<Record<"user" | "product" | "order" | "payment" | "notification", Sql>>;

/** Whether the customer has, or will get, what was ordered. */
export const isSold = ({ status }: AuditedOrder): boolean =>
  ["confirmed", "shipped", "delivered"].includes(status);
