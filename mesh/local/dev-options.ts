import { LocalFailure } from "./local-failure.ts";
import { type Runtime, runtimes } from "./runtime-command.ts";

export interface DevOptions {
  readonly fresh: boolean;
  readonly help: boolean;
  readonly runtime: Runtime;
}

export const usage = `Usage: bun dev [--fresh] [--runtime bun|deno]

Starts EcoTrack on this machine: PostgreSQL, Redis, the five services, the gateway, a mailbox, a payment
sandbox and a page on what goes on. Ctrl-C stops it; the data stays in .ecotrack/.

  --fresh           throw the data away and start over
  --runtime deno    serve gateway and services with Deno
  --help            this text

  ECOTRACK_HOME=folder        where the data is kept
  ECOTRACK_PORT_OFFSET=3000   moves all ports (3000 runs beside a system that is not moved, 1000 does not)
  DATABASE_URL, REDIS_URL     servers to use in place of our own (DATABASE_URL: a superuser's)
  KAFKA_BROKERS               Kafka in place of the embedded bus
  STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET    an account at Stripe in place of the sandbox
  PAYPAL_CLIENT_ID, PAYPAL_CLIENT_SECRET, PAYPAL_WEBHOOK_ID, PAYPAL_API_URL    the same for PayPal
  PAYMENT_CAPTURE=delayed     cards are held with the order and charged when order-service says so
  SMTP_URL, MAIL_FROM         a mail server in place of the mailbox
  OTEL_EXPORTER_OTLP_ENDPOINT a collector that gets the traces in place of the page
  LOG_LEVEL                   trace, debug, info, warn, error`;

/** @throws LocalFailure for an option that does not exist */
export function readDevOptions(args: readonly string[]): DevOptions {
  let options: DevOptions = { fresh: false, help: false, runtime: "bun" };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--fresh") options = { ...options, fresh: true };
    else if (arg === "--help" || arg === "-h") options = { ...options, help: true };
    else if (arg === "--runtime" || arg.startsWith("--runtime=")) {
      const value = arg.split("=")[1] ?? rest.shift();
      const runtime = runtimes.find((known) => known === value);
      if (!runtime) throw new LocalFailure(`--runtime is ${JSON.stringify(value)}, expected bun or deno`);
      options = { ...options, runtime };
    } else throw new LocalFailure(`There is no option ${arg}: see bun dev --help`);
  }
  return options;
}
