import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { MessageLog } from "./message-log.ts";

const largestMail = 10 * 1024 * 1024;

export interface MailReceiver {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Takes every mail that is handed to it over SMTP (RFC 5321) and delivers none. Without TLS and without login:
 * it is for one machine. Port 0 asks for any free one.
 * @throws Error that names the port when it is taken
 */
export async function receiveMail(
  log: MessageLog,
  { port, host, now }: { port: number; host: string; now: () => Date },
): Promise<MailReceiver> {
  const server = new SMTPServer({
    banner: "EcoTrack development mailbox",
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    size: largestMail,
    rejectOversized: true,
    closeTimeout: 500,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", done);
      stream.on("end", () => {
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : "";
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        log.add({ from, to, raw: Buffer.concat(chunks), receivedAt: now() });
        done(null);
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== "EADDRINUSE") throw cause;
    throw new Error(`Port ${port} of ${host} is taken`, { cause });
  });
  // A client that breaks off is its own affair.
  server.on("error", () => {});
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
