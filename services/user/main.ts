import { runService } from "#mesh/service";
import { createUserApp } from "./app.ts";
import { readConfig } from "./config.ts";

const config = readConfig(process.env);

await runService({
  name: "user-service",
  config,
  migrations: new URL("./migrations/", import.meta.url),
  async start(deps) {
    const { app, seed, close } = await createUserApp({ ...deps, config });
    deps.onClose(close);
    return { app, seed };
  },
});
