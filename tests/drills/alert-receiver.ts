import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** An alert as Alertmanager sends it. */
export interface SentAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly fingerprint: string;
}

/** One alert that began or ended, as it was heard. */
export interface Heard extends SentAlert {
  readonly receiver: string;
  /** By `performance.now()`. */
  readonly at: number;
}

export interface AlertReceiver {
  readonly url: string;
  /** Each beginning and each end once, however often it was repeated. */
  readonly heard: readonly Heard[];
  /** How often the heartbeat came. */
  heartbeats(): number;
  close(): void;
}

/** Stands for the people and the services that Alertmanager tells. */
export async function openAlertReceiver(onHeard: (heard: Heard) => void): Promise<AlertReceiver> {
  const heard: Heard[] = [];
  const last = new Map<string, string>();
  let heartbeats = 0;

  function hear(receiver: string, alert: SentAlert): void {
    if (receiver === "heartbeat") heartbeats += 1;
    const of = `${receiver} ${alert.fingerprint}`;
    if (last.get(of) === alert.status) return;
    last.set(of, alert.status);
    const news = { ...alert, receiver, at: performance.now() };
    heard.push(news);
    onHeard(news);
  }

  const server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { receiver, alerts } = JSON.parse(text) as { receiver: string; alerts: SentAlert[] };
      for (const alert of alerts) hear(receiver, alert);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    heartbeats: () => heartbeats,
    close: () => void server.close(),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
