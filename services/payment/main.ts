import { runService } from "#mesh/service";
import { createPaymentApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { startSweep } from "./sweep-payments.ts";

await runService({
  name: "payment-service",
  readConfig,
  migrations: new URL("./migrations/", import.meta.url),
  async start(serviceDeps, config) {
    const { app, deps } = createPaymentApp({ ...serviceDeps, config });
    const sweep = startSweep(deps);
    serviceDeps.onClose(() => sweep.stop());
    return { app };
  },
});
