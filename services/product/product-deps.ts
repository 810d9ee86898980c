import type { Sql, Transact } from "#mesh/postgres/sql";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueVersion } from "./catalogue-version.ts";
import type { ProductMetrics } from "./product-metrics.ts";
import type { ConfirmRefusal, HoldRefusal } from "./reservation.ts";
import type { StockReader } from "./stock-reader.ts";
import type { Confirm, Held, Hold } from "./stock-store.ts";

/** What the use cases of product-service stand on, wired once in `app.ts`. */
export interface ProductDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly catalogue: Catalogue;
  readonly catalogueVersion: CatalogueVersion;
  readonly stock: StockReader;
  /** As `holdStocks`, together with other orders that come at the same time. */
  readonly holdStock: (hold: Hold) => Promise<Held | HoldRefusal>;
  /** As `confirmReservations`, together with other orders that come at the same time. */
  readonly confirmHold: (confirm: Confirm) => Promise<{ readonly sold: boolean } | ConfirmRefusal>;
  readonly metrics: ProductMetrics;
  readonly now: () => Date;
  readonly newId: () => string;
}
