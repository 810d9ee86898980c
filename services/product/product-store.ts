import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { Product, UnscoredProduct } from "./product.ts";
import type { ScoreParts } from "./sustainability-score.ts";

interface ProductRow extends Omit<Product, "price" | "createdAt" | "updatedAt"> {
  readonly amount: number;
  readonly currency: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function toProduct({ amount, currency, created_at, updated_at, ...row }: ProductRow): Product {
  return {
    ...row,
    price: { amount, currency },
    createdAt: created_at.toISOString(),
    updatedAt: updated_at.toISOString(),
  };
}

const selected = (sql: Reader) => sql`
  select p.id, p.name, p.description, c.slug as category, p.price_amount as amount, p.price_currency as currency,
    p.images, p.kg_co2e as "kgCO2e", p.footprint, p.inventory, p.uncertainty_percent as "uncertaintyPercent",
    p.recycled_percent as "recycledPercent", p.renewable_percent as "renewablePercent",
    p.expected_life_years as "expectedLifeYears", p.repairability, p.certificates, p.score,
    p.score_parts as "scoreParts", p.version, p.created_at, p.updated_at
  from products p join categories c on c.id = p.category_id`;

/** The products that are for sale among `ids`, in no order. */
export async function findProducts(sql: Reader, ids: readonly string[]): Promise<Product[]> {
  const rows = await sql<ProductRow[]>`
    ${selected(sql)} where p.id = any (${ids}::uuid[]) and p.deleted_at is null`;
  return rows.map(toProduct);
}

/** The product, locked until the transaction ends. */
export async function lockProduct(tx: Transaction, id: string): Promise<Product | undefined> {
  const [row] = await tx<ProductRow[]>`
    ${selected(tx)} where p.id = ${id} and p.deleted_at is null for update of p`;
  return row && toProduct(row);
}

export interface Placement {
  readonly categoryId: string;
  readonly keywords: string;
}

/** Adds products that are not there yet and returns the ids of those. One statement for any number. */
export async function insertProducts(
  tx: Transaction,
  products: readonly (UnscoredProduct & Placement)[],
): Promise<string[]> {
  const rows = products.map(({ price, ...product }) => ({ ...product, ...price }));
  const added = await tx<{ id: string }[]>`
    insert into products (id, name, description, category_id, price_amount, price_currency, images, kg_co2e, footprint,
      inventory, uncertainty_percent, recycled_percent, renewable_percent, expected_life_years, repairability,
      certificates, keywords, version, created_at, updated_at)
    select id, name, description, "categoryId", amount, currency, images, "kgCO2e", footprint, inventory,
      "uncertaintyPercent", "recycledPercent", "renewablePercent", "expectedLifeYears", repairability, certificates,
      keywords, version, "createdAt", "updatedAt"
    from jsonb_to_recordset(${tx.json(rows as never)}) as r (
      id uuid, name text, description text, "categoryId" uuid, amount bigint, currency text, images text[],
      "kgCO2e" numeric, footprint jsonb, inventory jsonb, "uncertaintyPercent" smallint, "recycledPercent" smallint,
      "renewablePercent" smallint, "expectedLifeYears" smallint, repairability smallint, certificates text[],
      keywords text, version int, "createdAt" timestamptz, "updatedAt" timestamptz)
    on conflict (id) do nothing
    returning id`;
  return added.map((row) => row.id);
}

export async function updateProduct(tx: Transaction, product: UnscoredProduct & Placement): Promise<void> {
  await tx`
    update products set name = ${product.name}, description = ${product.description},
      category_id = ${product.categoryId}, price_amount = ${product.price.amount},
      price_currency = ${product.price.currency}, images = ${product.images as string[]}, kg_co2e = ${product.kgCO2e},
      footprint = ${tx.json(product.footprint as never)}, inventory = ${tx.json(product.inventory as never)},
      uncertainty_percent = ${product.uncertaintyPercent}, recycled_percent = ${product.recycledPercent},
      renewable_percent = ${product.renewablePercent}, expected_life_years = ${product.expectedLifeYears},
      repairability = ${product.repairability}, certificates = ${product.certificates as string[]},
      keywords = ${product.keywords}, version = ${product.version}, updated_at = ${product.updatedAt}
    where id = ${product.id}`;
}

/** Takes a product out of the shop. Its row stays, because orders and events speak of it. */
export async function markDeleted(tx: Transaction, id: string, at: Date): Promise<void> {
  await tx`update products set deleted_at = ${at}, updated_at = ${at}, version = version + 1 where id = ${id}`;
}

/** First step of whatever changes the catalogue: one such change at a time, so two never wait for each other's rows. */
export async function lockCatalogue(tx: Transaction): Promise<void> {
  await tx`select from catalogue_version for update`;
}

/** Draws a new version, which puts an end to everything cached under the old one. */
export async function renewCatalogueVersion(tx: Transaction): Promise<void> {
  await tx`update catalogue_version set version = gen_random_uuid()`;
}

export async function findCatalogueVersion(sql: Reader): Promise<string> {
  const [row] = await sql<{ version: string }[]>`select version from catalogue_version`;
  if (row === undefined) throw new Error("The table catalogue_version has lost its row");
  return row.version;
}

/** What a score is made from. */
export interface ScoredRow {
  readonly id: string;
  readonly categoryId: string;
  readonly kgCO2e: string;
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly expectedLifeYears: number;
  readonly repairability: number;
  readonly certificates: number;
  readonly score: number;
  readonly scoreParts: ScoreParts;
}

export async function findScored(tx: Transaction, categoryIds: readonly string[]): Promise<ScoredRow[]> {
  return tx<ScoredRow[]>`
    select id, category_id as "categoryId", kg_co2e as "kgCO2e", recycled_percent as "recycledPercent",
      renewable_percent as "renewablePercent", expected_life_years as "expectedLifeYears", repairability,
      cardinality(certificates) as certificates, score, score_parts as "scoreParts"
    from products where category_id = any (${categoryIds}::uuid[]) and deleted_at is null`;
}

export interface Score {
  readonly id: string;
  readonly score: number;
  readonly scoreParts: ScoreParts;
}

/** Other products' scores move with the median of the category, which is no new version of them. */
export async function updateScores(tx: Transaction, scores: readonly Score[]): Promise<void> {
  await tx`
    update products p set score = r.score, score_parts = r."scoreParts"
    from jsonb_to_recordset(${tx.json(scores as never)}) as r (id uuid, score smallint, "scoreParts" jsonb)
    where p.id = r.id`;
}
