import type { Sql, Transact } from "#mesh/postgres/sql";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueVersion } from "./catalogue-version.ts";
import type { ProductMetrics } from "./product-metrics.ts";
import type { StockReader } from "./stock-reader.ts";

/** What the use cases of product-service stand on, wired once in `app.ts`. */
export interface ProductDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly catalogue: Catalogue;
  readonly catalogueVersion: CatalogueVersion;
  readonly stock: StockReader;
  readonly metrics: ProductMetrics;
  readonly now: () => Date;
  readonly newId: () => string;
}
