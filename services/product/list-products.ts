import { Type } from "@sinclair/typebox";
import { decodeCursor, encodeCursor } from "#mesh/http/cursor";
import { ProblemError, problems } from "#mesh/problem";
import { Uuid } from "#mesh/uuid-schema";
import type { StockedProduct } from "./catalogue.ts";
import { subtreeIds } from "./category-tree.ts";
import type { ProductDeps } from "./product-deps.ts";
import { keyPatterns, type Place, type ProductFilter, prefixQuery, type Sort } from "./product-search.ts";
import { type Facets, findFacets, findPlaces } from "./search-store.ts";

export interface ProductQuery {
  readonly query: string | undefined;
  /** Slug; what lies below it counts too. */
  readonly category: string | undefined;
  readonly minScore: number | undefined;
  readonly maxPrice: number | undefined;
  /** By default relevance where there is a query, else the best score first. */
  readonly sort: Sort | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface ProductList {
  readonly data: readonly StockedProduct[];
  readonly nextCursor: string | null;
  readonly facets: Facets;
}

const Cursor = Type.Object(
  { sort: Type.String(), key: Type.String(), id: Uuid },
  { additionalProperties: false },
);
const nothing: Facets = { categories: [], scores: [], prices: [] };

/**
 * One page of what matches, with the facets of the whole result. Pages follow each other by sort key and id, so a
 * product that keeps its key is seen once, whatever comes and goes meanwhile.
 * @throws ProblemError 422 for a cursor of another list
 */
export async function listProducts(deps: ProductDeps, query: ProductQuery): Promise<ProductList> {
  const words = query.query === undefined ? null : prefixQuery(query.query);
  const wanted = query.sort ?? (words === null ? "-score" : "relevance");
  const sort = wanted === "relevance" && words === null ? "-score" : wanted;
  const after = query.cursor === undefined ? null : placeOf(query.cursor, sort);
  const filter = await filterOf(deps, query, words);
  if (filter === undefined || words === "") return { data: [], nextCursor: null, facets: nothing };

  const filterKey = JSON.stringify(filter);
  const pageKey = JSON.stringify([filter, sort, query.limit, after]);
  const { cache } = deps.catalogue;
  const [places, facets] = await Promise.all([
    cache.one("search", `page:${pageKey}`, () => findPlaces(deps.sql, filter, sort, query.limit, after)),
    cache.one("search", `facets:${filterKey}`, () => findFacets(deps.sql, filter)),
  ]);
  const shown = places.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    data: await deps.catalogue.products(shown.map((place) => place.id)),
    nextCursor: places.length > query.limit && last ? encodeCursor({ sort, ...last }) : null,
    facets,
  };
}

/** Products by their ids, in that order; what is not for sale is left out. Facets of a choice made already say nothing. */
export async function listByIds(deps: ProductDeps, ids: readonly string[]): Promise<ProductList> {
  return { data: await deps.catalogue.products(ids), nextCursor: null, facets: nothing };
}

/** Undefined when the category does not exist, so that nothing can match. */
async function filterOf(
  deps: ProductDeps,
  { category, minScore, maxPrice }: ProductQuery,
  words: string | null,
): Promise<ProductFilter | undefined> {
  const categoryIds = category === undefined ? null : subtreeIds(await deps.catalogue.categories(), category);
  if (categoryIds?.length === 0) return undefined;
  return { words, categoryIds, minScore: minScore ?? null, maxPrice: maxPrice ?? null };
}

function placeOf(cursor: string, sort: Sort): Place {
  const place = decodeCursor(Cursor, cursor);
  if (place.sort === sort && keyPatterns[sort].test(place.key)) return { key: place.key, id: place.id };
  throw new ProblemError(
    problems.validation([{ pointer: "/cursor", detail: "is a cursor of a list in another order" }]),
  );
}
