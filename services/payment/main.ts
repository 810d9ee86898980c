import { runService } from "#mesh/service";
import { createPaymentApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { startSweep } from "./sweep-payments.ts";

const config = readConfig(process.env);

await runService({
  name: "payment-service",
  config,
  migrations: new URL("./migrations/", import.meta.url),
  async start(serviceDeps) {
    const { app, deps } = createPaymentApp({ ...serviceDeps, config });
    const sweep = startSweep(deps);
    serviceDeps.onClose(() => sweep.stop());
    return { app };
  },
});
