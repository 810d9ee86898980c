import { domainToASCII } from "node:url";

export interface Address {
  readonly name?: string;
  readonly address: string;
}

export interface MimeMessage {
  readonly from: Address;
  readonly to: Address;
  readonly subject: string;
  /** Without angle brackets; one part of it must not occur anywhere else, as in a UUID. */
  readonly messageId: string;
  readonly date: Date;
  /** Further ones; ASCII, ours. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
}

const longestLine = 76;
const longestPlainHeader = 200;
/** Bytes that make an encoded word of 75 characters, the most there may be (RFC 2047 §2). */
const encodedWordBytes = 45;

/**
 * A text and its HTML as one message (RFC 5322, multipart/alternative). Written here because nodemailer's own composer,
 * which can do much more, takes about half of what sending a mail costs; it still does the sending.
 * @throws Error with responseCode 553, as a mail server would say it, for an address that no mail can be sent to
 */
export function writeMime({ from, to, subject, messageId, date, headers, text, html }: MimeMessage): Buffer {
  const boundary = `=_${messageId}`;
  const head = {
    From: addressHeader(from),
    To: addressHeader(to),
    Subject: headerText(subject),
    "Message-ID": `<${messageId}>`,
    // "GMT" is obsolete in mail (RFC 5322 §4.3).
    Date: date.toUTCString().replace("GMT", "+0000"),
    ...headers,
    "MIME-Version": "1.0",
    "Content-Type": `multipart/alternative;\r\n boundary="${boundary}"`,
  };
  let message = "";
  for (const [name, value] of Object.entries(head)) message += `${name}: ${value}\r\n`;
  message += `\r\n--${boundary}\r\n${part("plain", text)}\r\n--${boundary}\r\n${part("html", html)}\r\n--${boundary}--\r\n`;
  return Buffer.from(message, "latin1");
}

const part = (kind: "plain" | "html", content: string) =>
  `Content-Type: text/${kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable(content)}`;

/**
 * The address as a mail server takes it: nothing that could end a header or add another recipient, an internationalised
 * domain in its ASCII form.
 * @throws Error with responseCode 553
 */
export function checkedAddress(address: string): string {
  const at = address.lastIndexOf("@");
  const checked = `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`;
  if (at > 0 && /^[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+$/.test(checked)) return checked;
  throw Object.assign(new Error(`${JSON.stringify(address)} is no address that mail can be sent to`), {
    responseCode: 553,
  });
}

function addressHeader({ name, address }: Address): string {
  const checked = checkedAddress(address);
  if (!name) return checked;
  const shown = isPlain(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : encodedWords(name);
  return `${shown} <${checked}>`;
}

const isPlain = (text: string): boolean => text.length <= longestPlainHeader && /^[\x20-\x7e]*$/.test(text);

const headerText = (text: string): string =>
  isPlain(text) && !text.includes("=?") ? text : encodedWords(text);

/** RFC 2047. A character is never split between two words. */
function encodedWords(text: string): string {
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if (Buffer.byteLength(word + character) > encodedWordBytes) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  words.push(word);
  return words.map((each) => `=?utf-8?B?${Buffer.from(each).toString("base64")}?=`).join("\r\n ");
}

/** RFC 2045 §6.7. Lines end in LF in `text` and in CRLF in what is returned, which is ASCII. */
function quotedPrintable(text: string): string {
  return text
    .replace(/[^\n\x20-\x3c\x3e-\x7e]+|[ ](?=\n|$)/g, (found) =>
      Buffer.from(found).toString("hex").toUpperCase().replace(/../g, "=$&"),
    )
    .split("\n")
    .map(softlyBroken)
    .join("\r\n");
}

function softlyBroken(line: string): string {
  if (line.length <= longestLine) return line;
  let broken = "";
  let from = 0;
  while (line.length - from > longestLine) {
    let to = from + longestLine - 1;
    // An octet's three characters stay together.
    if (line[to - 1] === "=") to -= 1;
    else if (line[to - 2] === "=") to -= 2;
    broken += `${line.slice(from, to)}=\r\n`;
    from = to;
  }
  return broken + line.slice(from);
}
