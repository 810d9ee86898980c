import type { Money } from "#mesh/money";
import type { Reader, Sql } from "#mesh/postgres/sql";
import type {
  CancelReason,
  Order,
  OrderItem,
  OrderStatus,
  PaymentMethod,
  Shipment,
  ShippingAddress,
} from "./order.ts";

interface OrderRow {
  readonly id: string;
  readonly user_id: string;
  readonly status: OrderStatus;
  readonly currency: string;
  readonly total_amount: number;
  readonly carbon_kg: string;
  readonly shipping_address: ShippingAddress;
  readonly payment_method: PaymentMethod;
  readonly payment_id: string | null;
  readonly cancel_reason: CancelReason | null;
  readonly shipment: StoredShipment | null;
  readonly waiting_for: "payment-action" | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A shipment as JSON, with times in RFC 3339. */
export interface StoredShipment {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly shippedAt: string;
  readonly deliveredAt?: string;
}

/** An order beside one of its items. */
interface LineRow extends OrderRow {
  readonly product_id: string;
  readonly name: string;
  readonly quantity: number;
  readonly unit_amount: number;
  readonly item_carbon_kg: string;
}

const lineColumns = (sql: Reader) => sql`
  o.id, o.user_id, o.status, o.currency, o.total_amount, o.carbon_kg, o.shipping_address, o.payment_method, o.payment_id,
  o.cancel_reason, o.shipment, o.waiting_for, o.created_at, o.updated_at,
  i.product_id, i.name, i.quantity, i.unit_amount, i.carbon_kg as item_carbon_kg`;

export async function findOrder(sql: Reader, id: string): Promise<Order | undefined> {
  return (await findOrders(sql, [id]))[0];
}

/** Those of the orders that exist, by id. */
export async function findOrders(sql: Reader, ids: readonly string[]): Promise<Order[]> {
  const rows = await sql<LineRow[]>`
    select ${lineColumns(sql)} from orders o join order_items i on i.order_id = o.id
    where o.id = any(${ids as string[]}::uuid[]) order by o.id, i.position`;
  return toOrders(rows);
}

export interface OrderPart {
  readonly userId: string | undefined;
  readonly status?: OrderStatus;
  readonly before?: string;
  readonly limit: number;
}

/** The orders of a person or, without one, of everybody, the newest first, from before the order `before`. */
export async function listOrders(sql: Sql, { userId, status, before, limit }: OrderPart): Promise<Order[]> {
  const rows = await sql<LineRow[]>`
    select ${lineColumns(sql)}
    from (
      select * from orders
      where ${userId ? sql`user_id = ${userId}` : sql`true`}
        ${status ? sql`and status = ${status}` : sql``}
        ${before ? sql`and id < ${before}` : sql``}
      order by id desc limit ${limit}
    ) o join order_items i on i.order_id = o.id
    order by o.id desc, i.position`;
  return toOrders(rows);
}

/** @param rows the lines of an order one after the other */
function toOrders(rows: readonly LineRow[]): Order[] {
  const orders: Order[] = [];
  let items: OrderItem[] = [];
  let current: string | undefined;
  for (const row of rows) {
    if (row.id !== current) {
      current = row.id;
      items = [];
      orders.push(toOrder(row, items));
    }
    items.push(toItem(row));
  }
  return orders;
}

function toOrder(row: OrderRow, items: readonly OrderItem[]): Order {
  return {
    id: row.id,
    userId: row.user_id,
    status: row.status,
    items,
    total: money(row.total_amount, row.currency),
    carbon: { kgCO2e: row.carbon_kg },
    shippingAddress: row.shipping_address,
    paymentMethod: row.payment_method,
    ...(row.payment_id && { paymentId: row.payment_id }),
    ...(row.cancel_reason && { cancelReason: row.cancel_reason }),
    ...(row.shipment && { shipment: toShipment(row.shipment) }),
    ...(row.waiting_for && { waitingFor: row.waiting_for }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const toShipment = ({ shippedAt, deliveredAt, ...stored }: StoredShipment): Shipment => ({
  ...stored,
  shippedAt: new Date(shippedAt),
  ...(deliveredAt && { deliveredAt: new Date(deliveredAt) }),
});

const toItem = (row: LineRow): OrderItem => ({
  productId: row.product_id,
  name: row.name,
  quantity: row.quantity,
  unitPrice: money(row.unit_amount, row.currency),
  carbon: { kgCO2e: row.item_carbon_kg },
});

const money = (amount: number, currency: string): Money => ({ amount, currency });
