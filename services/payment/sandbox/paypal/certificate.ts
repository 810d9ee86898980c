import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface SigningCertificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const hour = 60 * 60 * 1000;

/** A self-signed certificate (RFC 5280) for a year, with its key: what PayPal signs webhooks with, of our own making. */
export function createCertificate(commonName: string, now: number): SigningCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const name = sequence(set(sequence(oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(commonName)))));
  const validity = sequence(time(now - hour), time(now + 365 * 24 * hour));
  const serial = Buffer.from([0x01, ...randomBytes(8)]);
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    sha256WithRsa,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("RSA-SHA256", content, privateKey);
  const der = sequence(content, sha256WithRsa, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    privateKey,
  };
}

/** Tag, length, value: the whole of DER (X.690 §8.1). */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), value]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), value]);
}

const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]): Buffer => tlv(0x31, Buffer.concat(parts));
const oid = (...bytes: number[]): Buffer => tlv(0x06, Buffer.from(bytes));
/** UTCTime, `YYMMDDhhmmssZ`. */
const time = (ms: number): Buffer => {
  const digits = new Date(ms).toISOString().replace(/\D/g, "");
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
};
const sha256WithRsa = sequence(
  oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b),
  tlv(0x05, Buffer.alloc(0)),
);
