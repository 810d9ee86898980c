import type postgres from "postgres";
import type { Reader } from "#mesh/postgres/sql";
import type { Place, ProductFilter, Sort } from "./product-search.ts";

export interface Facets {
  readonly categories: readonly {
    readonly category: string;
    readonly name: string;
    readonly count: number;
  }[];
  readonly scores: readonly Range[];
  readonly prices: readonly Range[];
}

/** `from` is in it, `to` is not; null is open. Prices are minor units. */
export interface Range {
  readonly from: number;
  readonly to: number | null;
  readonly count: number;
}

type Fragment = postgres.PendingQuery<postgres.Row[]>;

interface Order {
  /** What is sorted by: an expression that one of the indexes holds, but for relevance. */
  readonly key: Fragment;
  readonly keyText: Fragment;
  readonly place: (key: string) => Fragment;
  readonly descending: boolean;
}

function orderOf(sql: Reader, sort: Sort, words: string | null): Order {
  const rank = sql`round(ts_rank(p.search, to_tsquery('english', ${words ?? ""}))::numeric, 6)`;
  const orders = {
    relevance: () => numeric(sql, rank, true),
    price: () => integer(sql, sql`p.price_amount`, false),
    "-price": () => integer(sql, sql`p.price_amount`, true),
    score: () => integer(sql, sql`p.score`, false),
    "-score": () => integer(sql, sql`p.score`, true),
    carbon: () => numeric(sql, sql`p.kg_co2e`, false),
    "-carbon": () => numeric(sql, sql`p.kg_co2e`, true),
    // Microseconds since the epoch: a JavaScript Date would lose three digits, and products with them.
    newest: () => ({
      key: sql`p.created_at`,
      keyText: sql`(extract(epoch from p.created_at) * 1000000)::bigint::text`,
      place: (key: string) => sql`timestamptz 'epoch' + ${key}::text::bigint * interval '1 microsecond'`,
      descending: true,
    }),
    name: () => ({
      key: sql`lower(p.name) collate "C"`,
      keyText: sql`lower(p.name)`,
      place: (key: string) => sql`${key}::text collate "C"`,
      descending: false,
    }),
  } satisfies Record<Sort, () => Order>;
  return orders[sort]();
}

const integer = (sql: Reader, key: Fragment, descending: boolean): Order => ({
  key,
  keyText: sql`${key}::text`,
  place: (place) => sql`${place}::text::bigint`,
  descending,
});

const numeric = (sql: Reader, key: Fragment, descending: boolean): Order => ({
  key,
  keyText: sql`${key}::text`,
  place: (place) => sql`${place}::text::numeric`,
  descending,
});

const hasWords = (sql: Reader, { words }: ProductFilter) =>
  words === null ? sql`true` : sql`p.search @@ to_tsquery('english', ${words})`;
const inCategory = (sql: Reader, { categoryIds }: ProductFilter) =>
  categoryIds === null ? sql`true` : sql`p.category_id = any (${categoryIds as string[]}::uuid[])`;
const hasScore = (sql: Reader, { minScore }: ProductFilter) =>
  minScore === null ? sql`true` : sql`p.score >= ${minScore}`;
const hasPrice = (sql: Reader, { maxPrice }: ProductFilter) =>
  maxPrice === null ? sql`true` : sql`p.price_amount <= ${maxPrice}`;

/**
 * The query of one page; also what the test of its plan explains. It selects one place more than the page has, which
 * tells whether there is a next one.
 */
export function pageQuery(
  sql: Reader,
  filter: ProductFilter,
  sort: Sort,
  limit: number,
  after: Place | null,
) {
  const { key, keyText, place, descending } = orderOf(sql, sort, filter.words);
  const beyond = descending ? sql`<` : sql`>`;
  const direction = descending ? sql`desc` : sql`asc`;
  return sql`
    select p.id, ${keyText} as key from products p
    where p.deleted_at is null and ${hasWords(sql, filter)} and ${inCategory(sql, filter)}
      and ${hasScore(sql, filter)} and ${hasPrice(sql, filter)}
      and ${after === null ? sql`true` : sql`(${key}, p.id) ${beyond} (${place(after.key)}, ${after.id}::uuid)`}
    order by ${key} ${direction}, p.id ${direction} limit ${limit + 1}`;
}

export async function findPlaces(
  sql: Reader,
  filter: ProductFilter,
  sort: Sort,
  limit: number,
  after: Place | null,
): Promise<Place[]> {
  return pageQuery(sql, filter, sort, limit, after) as unknown as Promise<Place[]>;
}

/** How many products each further choice would leave. A facet does not count its own filter, or it would offer no way out. */
export async function findFacets(sql: Reader, filter: ProductFilter): Promise<Facets> {
  const [row] = await sql<[Facets]>`
    with matched as materialized (
      select p.category_id, p.score, p.price_amount, ${inCategory(sql, filter)} as in_category,
        ${hasScore(sql, filter)} as has_score, ${hasPrice(sql, filter)} as has_price
      from products p where p.deleted_at is null and ${hasWords(sql, filter)}
    ),
    by_category as (
      select c.slug, c.name, count(*)::int as count from matched m join categories c on c.id = m.category_id
      where m.has_score and m.has_price group by c.slug, c.name
    ),
    by_score as (
      select r.low, r.high, count(m.score)::int as count
      from (values (0, 20), (20, 40), (40, 60), (60, 80), (80, 101)) as r (low, high)
      left join matched m on m.score >= r.low and m.score < r.high and m.in_category and m.has_price
      group by r.low, r.high
    ),
    by_price as (
      select r.low, r.high, count(m.price_amount)::int as count
      from (values (0, 1000), (1000, 2500), (2500, 5000), (5000, 10000), (10000, null)) as r (low, high)
      left join matched m on m.price_amount >= r.low and (r.high is null or m.price_amount < r.high)
        and m.in_category and m.has_score
      group by r.low, r.high
    )
    select
      (select coalesce(jsonb_agg(jsonb_build_object('category', slug, 'name', name, 'count', count)
        order by count desc, slug), '[]') from by_category) as categories,
      (select jsonb_agg(jsonb_build_object('from', low, 'to', high, 'count', count) order by low) from by_score) as scores,
      (select jsonb_agg(jsonb_build_object('from', low, 'to', high, 'count', count) order by low) from by_price) as prices`;
  return row;
}

/** Ids of what the same category has that is better: a smaller footprint or a higher score. Best score first. */
export async function findBetterIds(sql: Reader, productId: string, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select p.id from products p join products mine on mine.id = ${productId} and mine.category_id = p.category_id
    where p.deleted_at is null and p.id <> mine.id and (p.kg_co2e < mine.kg_co2e or p.score > mine.score)
    order by p.score desc, p.kg_co2e, p.id limit ${limit}`;
  return rows.map((row) => row.id);
}

/** Ids of what was sold most. Reads all stock, so its answer is kept for an hour. */
export async function findPopularIds(sql: Reader, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select p.id from stock s join products p on p.id = s.product_id
    where p.deleted_at is null order by s.sold desc, p.score desc, p.id limit ${limit}`;
  return rows.map((row) => row.id);
}
