import { createLog } from "#observability/log";
import { readConfig } from "./config.ts";
import { openDevPage } from "./dev-page.ts";

const log = createLog({ service: "dev-page", level: "info" });
try {
  const page = openDevPage(readConfig(process.env), log);
  log.info({ port: page.port }, "serving");
  log.flush();
  const stop = () => void page.stop().finally(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (mistake) {
  console.error((mistake as Error).message);
  process.exit(1);
}
