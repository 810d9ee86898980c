import { listen } from "#mesh/listen";
import { mailboxHandler } from "./http.ts";
import { MessageLog } from "./message-log.ts";
import { receiveMail } from "./receive-mail.ts";

export interface Mailbox {
  readonly port: number;
  readonly smtpPort: number;
  readonly messages: MessageLog;
  stop(): Promise<void>;
}

/**
 * A mailbox for development and tests: takes mail over SMTP and shows it on a page. Everything is in memory.
 * Ports of 0 ask for any free one.
 * @throws Error that names the port when one is taken
 */
export async function createMailbox({
  host = "127.0.0.1",
  port = 0,
  smtpPort = 0,
  keep = 20_000,
  keepBytes = 128 * 1024 * 1024,
  now = () => new Date(),
}: {
  host?: string;
  port?: number;
  smtpPort?: number;
  keep?: number;
  keepBytes?: number;
  now?: () => Date;
} = {}): Promise<Mailbox> {
  const messages = new MessageLog({ keep, keepBytes });
  const receiver = await receiveMail(messages, { port: smtpPort, host, now });
  const listener = await openPage(port, host, messages).catch(async (mistake: unknown) => {
    await receiver.stop();
    throw mistake;
  });
  return {
    port: listener.port,
    smtpPort: receiver.port,
    messages,
    async stop() {
      await Promise.all([listener.stop(100), receiver.stop()]);
    },
  };
}

const openPage = async (port: number, hostname: string, messages: MessageLog) =>
  listen({ port, hostname, fetch: mailboxHandler(messages) });
