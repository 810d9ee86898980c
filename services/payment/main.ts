import { runService } from "#mesh/service";
import { createPaymentApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { startReconciliation } from "./start-reconciliation.ts";
import { startSweep } from "./sweep-payments.ts";

await runService({
  name: "payment-service",
  readConfig,
  findsByKey: true,
  migrations: new URL("./migrations/", import.meta.url),
  async start(serviceDeps, config) {
    const { app, deps } = createPaymentApp({ ...serviceDeps, config });
    const sweep = startSweep(deps);
    serviceDeps.onClose(() => sweep.stop());
    const reconciliation = startReconciliation(deps, config);
    serviceDeps.onClose(() => reconciliation.stop());
    return { app };
  },
});
