import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { checkedAddress, type MimeMessage, writeMime } from "./mime-message.ts";

const message: MimeMessage = {
  from: { name: "EcoTrack", address: "orders@ecotrack.test" },
  to: { address: "ada@example.test" },
  subject: "Order 2E3F4A5B is confirmed",
  messageId: "0197a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b@notifications.ecotrack",
  date: new Date("2026-11-22T03:16:22Z"),
  headers: { "X-EcoTrack-Notification": "0197a1b2" },
  text: "Total: €1.00\n",
  html: "<p>Total: €1.00</p>\n",
};
const read = (written: Buffer) => PostalMime.parse(new Uint8Array(written));
/** Without the line end that the reader adds before a boundary. */
const body = (part: string | undefined) => part?.replace(/\n$/, "");
const lines = (written: Buffer) => written.toString("latin1").split("\r\n");

describe("a message", () => {
  test("is read back as it was meant", async () => {
    const mail = await read(writeMime(message));
    expect(mail).toMatchObject({
      from: { name: "EcoTrack", address: "orders@ecotrack.test" },
      to: [{ address: "ada@example.test" }],
      subject: "Order 2E3F4A5B is confirmed",
      messageId: "<0197a1b2-3c4d-7e5f-8a9b-0c1d2e3f4a5b@notifications.ecotrack>",
      date: "2026-11-22T03:16:22.000Z",
    });
    expect(body(mail.text)).toBe(message.text);
    expect(body(mail.html)).toBe(message.html);
    expect(mail.headers).toContainEqual(
      expect.objectContaining({ key: "x-ecotrack-notification", value: "0197a1b2" }),
    );
  });

  test("keeps any text, in lines of at most 76 ASCII characters", async () => {
    const anyLine = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 200 }));
    const anyText = fc.array(anyLine).map((all) => `${all.join("\n").replaceAll("\r", "")}.\n`);
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const written = writeMime({ ...message, text, html: text });
        expect(lines(written).every((line) => /^[\x20-\x7e]{0,76}$/.test(line))).toBe(true);
        const mail = await read(written);
        expect(body(mail.text)).toBe(text);
        expect(body(mail.html)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps any subject and name on their own lines: no header can be smuggled in", async () => {
    const anyWords = fc.string({ unit: "grapheme", maxLength: 300 }).map((each) => `.${each}.`);
    await fc.assert(
      fc.asyncProperty(anyWords, anyWords, async (subject, name) => {
        const mail = await read(writeMime({ ...message, subject, from: { ...message.from, name } }));
        expect(mail.subject).toBe(subject);
        expect(mail.from?.name).toBe(name);
      }),
      { numRuns: 200 },
    );
    const hostile = "x\r\nBcc: eve@example.test";
    const mail = await read(writeMime({ ...message, subject: hostile }));
    expect(mail.headers.some(({ key }) => key === "bcc")).toBe(false);
  });
});

describe("an address", () => {
  test.each([
    ["ada@example.test", "ada@example.test"],
    ["o'hara+x@example.test", "o'hara+x@example.test"],
    ["ada@bücher.example", "ada@xn--bcher-kva.example"],
  ])("%s is sent to as %s", (given, taken) => expect(checkedAddress(given)).toBe(taken));

  test.each([
    "",
    "ada",
    "a\r\nb@example.test",
    "a@b,c@d.test",
    "<a@b.test>",
    "ä@example.test",
    "a b@c.test",
    "a@",
  ])("%p is refused for good, as a mail server would", (given) => {
    expect(() => checkedAddress(given)).toThrow(expect.objectContaining({ responseCode: 553 }));
  });
});
