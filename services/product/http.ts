import { createServiceApp, type ServiceAppOptions } from "#mesh/http/service-app";
import { ProblemError, problems } from "#mesh/problem";
import { categoryTree } from "./category-tree.ts";
import { editProduct } from "./change-product.ts";
import { createProduct } from "./create-product.ts";
import { deleteProduct } from "./delete-product.ts";
import { findProduct } from "./find-product.ts";
import { listByIds, listProducts } from "./list-products.ts";
import { accepted } from "./problems.ts";
import type { ProductDeps } from "./product-deps.ts";
import {
  CategoriesView,
  ListQuery,
  ListView,
  ProductBody,
  ProductDetailView,
  ProductParams,
  ProductPatch,
  RecommendationQuery,
  RecommendationView,
  unclaimed,
} from "./product-schema.ts";
import { productDetailView, productView } from "./product-view.ts";
import { recommendProducts } from "./recommend-products.ts";
import { createReservationHttp } from "./reservation-http.ts";

const defaultLimit = 20;
const defaultRecommendations = 6;

/** The routes of product-service. */
export function createProductHttp(base: ServiceAppOptions, deps: ProductDeps) {
  const detail = async (id: string) => productDetailView(accepted(await findProduct(deps, id)));

  return createReservationHttp(createServiceApp(base), deps)
    .get(
      "/api/products",
      async ({ query: { ids, limit, minScore, maxPrice, ...rest } }) => {
        if (ids !== undefined && [limit, minScore, maxPrice, ...Object.values(rest)].some(Boolean))
          throw new ProblemError(
            problems.validation([{ pointer: "/ids", detail: "cannot be combined with anything else" }]),
          );
        const list = ids
          ? await listByIds(deps, ids.split(","))
          : await listProducts(deps, {
              query: rest.query,
              category: rest.category,
              sort: rest.sort,
              cursor: rest.cursor,
              minScore: numberOf(minScore),
              maxPrice: numberOf(maxPrice),
              limit: numberOf(limit) ?? defaultLimit,
            });
        return { data: list.data.map(productView), nextCursor: list.nextCursor, facets: copyOf(list.facets) };
      },
      {
        anyone: true,
        query: ListQuery,
        response: { 200: ListView },
        detail: { summary: "Search, filter and page through what is for sale", tags: ["products"] },
      },
    )
    .get("/api/products/:id", ({ params }) => detail(params.id), {
      anyone: true,
      params: ProductParams,
      response: { 200: ProductDetailView },
      detail: { summary: "A product with the inventory of its footprint", tags: ["products"] },
    })
    .get(
      "/api/products/:id/recommendations",
      async ({ params, query }) => {
        const limit = numberOf(query.limit) ?? defaultRecommendations;
        return { data: accepted(await recommendProducts(deps, params.id, limit)).map(productView) };
      },
      {
        anyone: true,
        params: ProductParams,
        query: RecommendationQuery,
        response: { 200: RecommendationView },
        detail: { summary: "What is better for the climate, else what is popular", tags: ["products"] },
      },
    )
    .get("/api/categories", async () => ({ data: categoryTree(await deps.catalogue.categories()) }), {
      anyone: true,
      response: { 200: CategoriesView },
      detail: { summary: "The tree of categories with how much is in them", tags: ["products"] },
    })
    .post(
      "/api/products",
      async ({ body: { stock, ...draft }, set }) => {
        const id = accepted(await createProduct(deps, { ...unclaimed, ...draft }, stock.onHand));
        set.status = 201;
        set.headers.location = `/api/products/${id}`;
        return detail(id);
      },
      {
        admin: "products:write",
        body: ProductBody,
        response: { 201: ProductDetailView },
        detail: { summary: "Put a product up for sale", tags: ["products"] },
      },
    )
    .patch(
      "/api/products/:id",
      async ({ params, body: { stock, ...change }, headers }) => {
        const expectedVersion = versionOf(headers["if-match"]);
        accepted(await editProduct(deps, params.id.toLowerCase(), { change, stock, expectedVersion }));
        return detail(params.id);
      },
      {
        admin: "products:write",
        params: ProductParams,
        body: ProductPatch,
        response: { 200: ProductDetailView },
        detail: { summary: "Change a product or its stock", tags: ["products"] },
      },
    )
    .delete(
      "/api/products/:id",
      async ({ params, headers }) => {
        accepted(await deleteProduct(deps, params.id.toLowerCase(), versionOf(headers["if-match"])));
        return new Response(null, { status: 204 });
      },
      {
        admin: "products:write",
        params: ProductParams,
        detail: { summary: "Take a product out of the shop", tags: ["products"] },
      },
    );
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

/** If-Match holds the product's `version` in quotes (RFC 9110 §13.1.1); anything else matches no version. */
function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === "*") return undefined;
  return Number(/^"(\d{1,9})"$/.exec(header)?.[1] ?? -1);
}

function copyOf({ categories, scores, prices }: Awaited<ReturnType<typeof listProducts>>["facets"]) {
  return { categories: [...categories], scores: [...scores], prices: [...prices] };
}
