import { readConfig } from "./config.ts";
import { createMailbox } from "./mailbox.ts";

try {
  const mailbox = await createMailbox(readConfig(process.env));
  console.log(`Mailbox: SMTP on port ${mailbox.smtpPort}, page and API on http://127.0.0.1:${mailbox.port}/`);
  const stop = () => void mailbox.stop().finally(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (mistake) {
  console.error((mistake as Error).message);
  process.exit(1);
}
