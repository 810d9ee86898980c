import type { Redis } from "ioredis";
import { gather } from "#mesh/gather";
import type { ServiceAppOptions } from "#mesh/http/service-app";
import type { Autocommit, Sql, Transact } from "#mesh/postgres/sql";
import { startStockAudit } from "./audit-stock.ts";
import { createCatalogue } from "./catalogue.ts";
import { createCatalogueVersion } from "./catalogue-version.ts";
import { startSweeper } from "./expire-holds.ts";
import { createProductHttp } from "./http.ts";
import type { ProductDeps } from "./product-deps.ts";
import { createProductMetrics } from "./product-metrics.ts";
import { seedCatalogue } from "./seed-catalogue.ts";
import { createStockReader } from "./stock-reader.ts";
import { confirmReservations, holdStocks } from "./stock-store.ts";
import { createTwoLevelCache } from "./two-level-cache.ts";

export interface ProductAppOptions extends Omit<ServiceAppOptions, "name"> {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly redis: Redis;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Wires product-service. */
export function createProductApp({
  sql,
  transaction,
  autocommit,
  redis,
  identity,
  log,
  metrics,
  tracing,
  now,
  newId,
}: ProductAppOptions) {
  const milliseconds = () => now().getTime();
  const productMetrics = createProductMetrics(metrics);
  const catalogueVersion = createCatalogueVersion(sql, milliseconds);
  const stock = createStockReader(sql, milliseconds);
  const cache = createTwoLevelCache({
    redis,
    version: catalogueVersion,
    metrics: productMetrics,
    log,
    now: milliseconds,
  });
  const deps: ProductDeps = {
    sql,
    transaction,
    catalogue: createCatalogue({ sql, cache, stock }),
    catalogueVersion,
    stock,
    holdStock: gather({ together: (holds) => holdStocks(sql, holds, now()) }),
    confirmHold: gather({
      together: (confirms) => autocommit((each) => confirmReservations(each, confirms, now())),
    }),
    metrics: productMetrics,
    now,
    newId,
  };
  const sweeper = startSweeper(deps, log);
  const audit = startStockAudit(deps, log);
  return {
    app: createProductHttp({ name: "product-service", identity, log, metrics, tracing }, deps),
    deps,
    seed: async () => {
      const added = await seedCatalogue(deps);
      log.info({ added }, "catalogue is seeded");
    },
    close: async () => {
      await Promise.all([sweeper.stop(), audit.stop()]);
    },
  };
}
