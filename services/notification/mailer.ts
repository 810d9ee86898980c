import { SpanKind } from "@opentelemetry/api";
import { createTransport } from "nodemailer";
import addressparser from "nodemailer/lib/addressparser";
import { inSpan } from "#observability/trace/in-span";
import { checkedAddress, writeMime } from "./mime-message.ts";
import type { MailContent } from "./templates/layout.ts";

export interface Mail extends MailContent {
  /** The notification's; the message carries it, so that a second delivery can be known as such. */
  readonly id: string;
  /** What it is about, as in `order-confirmed:<order id>`. */
  readonly key: string;
  readonly to: string;
}

export interface Mailer {
  /** Resolves when the mail server has taken the message. @throws when it has not, or has not said so */
  send(mail: Mail): Promise<void>;
  close(): void;
}

const connections = 4;

/** Sends over SMTP, on a few connections that are kept. */
export function createMailer({
  smtpUrl,
  from,
  now,
}: {
  smtpUrl: string;
  from: string;
  now: () => Date;
}): Mailer {
  const { hostname, port, protocol, username, password } = new URL(smtpUrl);
  const secure = protocol === "smtps:";
  const about = {
    "network.protocol.name": "smtp",
    "server.address": hostname,
    "server.port": Number(port || (secure ? 465 : 587)),
  };
  const transport = createTransport({
    host: hostname,
    port: Number(port || (secure ? 465 : 587)),
    secure,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: connections,
    maxMessages: Number.POSITIVE_INFINITY,
    connectionTimeout: 5000,
    greetingTimeout: 5000,
    socketTimeout: 20_000,
    // What is sent is made here; nothing of it may name a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const [sender] = addressparser(from, { flatten: true });
  if (!sender) throw new Error(`MAIL_FROM is ${JSON.stringify(from)}, expected an address`);
  return {
    async send({ id, key, to, subject, text, html }) {
      const recipient = checkedAddress(to);
      const raw = writeMime({
        from: sender,
        to: { address: recipient },
        subject,
        messageId: `${id}@notifications.ecotrack`,
        date: now(),
        headers: { "X-EcoTrack-Notification": id, "X-EcoTrack-Key": key, "Auto-Submitted": "auto-generated" },
        text,
        html,
      });
      const envelope = { from: sender.address, to: [recipient] };
      await inSpan("smtp send", { kind: SpanKind.CLIENT, attributes: about }, () =>
        transport.sendMail({ raw, envelope }),
      );
    },
    close: () => transport.close(),
  };
}
