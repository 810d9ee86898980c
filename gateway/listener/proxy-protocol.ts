import { isIP } from "node:net";

/** What stands before the first request of a connection that a load balancer passes through. */
export interface ProxyHeader {
  /** Of the client; undefined when the proxy speaks for itself (a health check). */
  readonly address: string | undefined;
  /** How long the header was. */
  readonly bytes: number;
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const maxTextBytes = 107;
const fixedBytes = 16;

/** Reads the PROXY protocol, versions 1 (text) and 2 (binary), as haproxy.org's `proxy-protocol.txt` defines it. */
export function readProxyHeader(input: Buffer): ProxyHeader | "more" | "bad" {
  const known = Math.min(input.length, signature.length);
  if (input.subarray(0, known).equals(signature.subarray(0, known))) return readBinary(input);
  return readText(input);
}

function readText(input: Buffer): ProxyHeader | "more" | "bad" {
  const text = input.toString("latin1", 0, maxTextBytes);
  if (!"PROXY ".startsWith(text.slice(0, 6))) return "bad";
  const end = text.indexOf("\r\n");
  if (end === -1) return text.length >= maxTextBytes ? "bad" : "more";
  const line = text.slice(0, end);
  const bytes = end + 2;
  if (/^PROXY UNKNOWN(?: .*)?$/.test(line)) return { address: undefined, bytes };
  const four = /^PROXY TCP4 ((?:\d{1,3}\.){3}\d{1,3}) (?:\d{1,3}\.){3}\d{1,3} \d{1,5} \d{1,5}$/.exec(line);
  const six = /^PROXY TCP6 ([0-9a-fA-F:.]{2,45}) [0-9a-fA-F:.]{2,45} \d{1,5} \d{1,5}$/.exec(line);
  const address = four?.[1] ?? six?.[1] ?? "";
  return isIP(address) === (four ? 4 : 6) ? { address, bytes } : "bad";
}

function readBinary(input: Buffer): ProxyHeader | "more" | "bad" {
  if (input.length < fixedBytes) return "more";
  const versionAndCommand = input[12] as number;
  const family = (input[13] as number) >> 4;
  const length = input.readUInt16BE(14);
  const bytes = fixedBytes + length;
  if (versionAndCommand >> 4 !== 2 || length > 2048) return "bad";
  if (input.length < bytes) return "more";
  const command = versionAndCommand & 15;
  if (command === 0) return { address: undefined, bytes };
  if (command !== 1) return "bad";
  if (family === 1 && length >= 12) return { address: [...input.subarray(16, 20)].join("."), bytes };
  if (family === 2 && length >= 36) return { address: ipv6(input.subarray(16, 32)), bytes };
  // Of a socket that is none of the internet's the proxy can say nothing; of one that is, it has to.
  return family === 1 || family === 2 ? "bad" : { address: undefined, bytes };
}

function ipv6(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return groups.join(":");
}
