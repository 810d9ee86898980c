import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createTransport } from "nodemailer";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import type { Message, MessageSummary } from "./message-log.ts";

let mailbox: Mailbox;
let base: string;
let transport: ReturnType<typeof createTransport>;

beforeAll(async () => {
  mailbox = await createMailbox({ keep: 5 });
  base = `http://127.0.0.1:${mailbox.port}`;
  transport = createTransport({ host: "127.0.0.1", port: mailbox.smtpPort, pool: true, maxConnections: 1 });
});
beforeEach(() => mailbox.messages.clear());
afterAll(async () => {
  transport.close();
  await mailbox.stop();
});

const send = (
  mail: { to?: string; subject?: string; html?: string; headers?: Record<string, string> } = {},
) =>
  transport.sendMail({
    from: { name: "EcoTrack", address: "shop@ecotrack.test" },
    to: "ada@example.test",
    subject: "Grüße, Ada ☘",
    text: "Total: €1.00 – ok",
    html: "<p>Total: €1.00</p><script>alert(1)</script>",
    ...mail,
  });

async function list(query = ""): Promise<Message[]> {
  const response = await fetch(`${base}/api/messages${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Message[];
}

test("a mail arrives with its parts, headers and envelope", async () => {
  await send({ headers: { "X-EcoTrack-Notification": "n-1" } });
  const [mail, ...others] = await list();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ subject: "Grüße, Ada ☘", to: ["ada@example.test"] });
  expect(mail?.from).toBe("EcoTrack <shop@ecotrack.test>");
  expect(mail?.text).toContain("Total: €1.00 – ok");
  expect(mail?.html).toContain("<p>Total: €1.00</p>");
  expect(mail?.messageId).toMatch(/^<.+>$/);
  expect(mail?.headers).toContainEqual({ name: "x-ecotrack-notification", value: "n-1" });
  expect(await (await fetch(`${base}/api/messages/${mail?.id}`)).json()).toEqual(mail);
});

test("mails are found by recipient, subject and key", async () => {
  await send({ to: "ada@example.test", subject: "First" });
  await send({ to: "bob@example.test", subject: "Second", headers: { "X-EcoTrack-Key": "welcome:1" } });
  const subjects = async (query: string) => (await list(query)).map(({ subject }) => subject);
  expect(await subjects("")).toEqual(["Second", "First"]);
  expect(await subjects("?to=ADA@")).toEqual(["First"]);
  expect(await subjects("?subject=second")).toEqual(["Second"]);
  expect(await subjects("?key=welcome:1")).toEqual(["Second"]);
  expect(await subjects("?key=welcome:")).toEqual([]);
  expect(await subjects("?limit=1")).toEqual(["Second"]);
});

test("only the last mails are kept, and all can be removed", async () => {
  for (let n = 1; n <= 7; n++) await send({ subject: `Mail ${n}` });
  expect((await list()).map(({ subject }) => subject)).toEqual([
    "Mail 7",
    "Mail 6",
    "Mail 5",
    "Mail 4",
    "Mail 3",
  ]);
  expect((await fetch(`${base}/api/messages`, { method: "DELETE" })).status).toBe(204);
  expect(await list()).toEqual([]);
});

test("the HTML of a mail runs nothing and loads nothing", async () => {
  await send();
  const [mail] = await list();
  const response = await fetch(`${base}/api/messages/${mail?.id}/html`);
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toStartWith("default-src 'none'");
  expect(policy).toContain("sandbox");
  expect(policy).not.toContain("allow-scripts");
});

test("the page and its files are served, and name no other host", async () => {
  for (const path of ["/", "/mailbox.css", "/mailbox.js"]) {
    const response = await fetch(base + path);
    expect(response.status).toBe(200);
    expect(await response.text()).not.toMatch(/https?:\/\//);
  }
});

test("whoever watches is told of a new mail", async () => {
  const leave = new AbortController();
  const response = await fetch(`${base}/api/changes`, { signal: leave.signal });
  const text = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await text?.read())?.value).toContain('"kept":0');
  await send();
  expect((await text?.read())?.value).toContain('"kept":1');
  leave.abort();
});

test("what is not there is refused with a problem", async () => {
  for (const [path, method, status] of [
    ["/api/messages/99", "GET", 404],
    ["/api/messages/..%2f", "GET", 404],
    ["/etc/passwd", "GET", 404],
    ["/api/messages", "POST", 405],
  ] as const) {
    const response = await fetch(base + path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
  expect((await fetch(`${base}/api/messages?brief&limit=-1`)).status).toBe(200);
});

test("a summary is what a list needs and no more", async () => {
  await send();
  const [summary] = (await (await fetch(`${base}/api/messages?brief`)).json()) as MessageSummary[];
  expect(Object.keys(summary ?? {}).sort()).toEqual([
    "from",
    "id",
    "messageId",
    "receivedAt",
    "subject",
    "to",
  ]);
});

test("a port that is taken is named", async () => {
  const { port, smtpPort } = mailbox;
  const failure = (options: { port?: number; smtpPort?: number }) =>
    createMailbox(options).then(
      () => "",
      (error: Error) => error.message,
    );
  expect(await failure({ port })).toBe(`Port ${port} of 127.0.0.1 is taken`);
  expect(await failure({ smtpPort })).toBe(`Port ${smtpPort} of 127.0.0.1 is taken`);
});
