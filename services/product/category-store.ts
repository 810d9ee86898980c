import type { Reader, Transaction } from "#mesh/postgres/sql";

export interface Category {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly parentId: string | null;
}

/** A category with the number of products right in it. */
export interface CountedCategory extends Category {
  readonly products: number;
}

/** All categories in the order of the shop, parents before their children. */
export async function findCategories(sql: Reader): Promise<CountedCategory[]> {
  return sql<CountedCategory[]>`
    select c.id, c.slug, c.name, c.parent_id as "parentId", count(p.id)::int as products
    from categories c left join products p on p.category_id = c.id and p.deleted_at is null
    group by c.id order by c.parent_id is not null, c.position, c.slug`;
}

/** Adds categories that are not there yet; parents come before their children in the list. */
export async function insertCategories(tx: Transaction, categories: readonly Category[]): Promise<void> {
  const rows = categories.map((category, position) => ({ ...category, position }));
  await tx`
    insert into categories (id, slug, name, parent_id, position)
    select id, slug, name, "parentId", position
    from jsonb_to_recordset(${tx.json(rows as never)}) as r (id uuid, slug text, name text, "parentId" uuid, position int)
    on conflict (id) do nothing`;
}
