import { verify, X509Certificate } from "node:crypto";
import { crc32 } from "node:zlib";
import type { SignatureRefusal } from "./signature-refusal.ts";

/** PayPal delivers for three days, and a repeat may carry the time of the first attempt. */
const oldestMs = 73 * 60 * 60 * 1000;
const futureMs = 5 * 60 * 1000;
const rememberedCertificates = 8;
const timeoutMs = 3_000;
const rememberedMs = 60 * 60 * 1000;

export interface PaypalVerifierOptions {
  /** Of our webhook at PayPal: it is part of what is signed. */
  readonly webhookId: string;
  /** Of the API; certificates are taken from its host only. */
  readonly apiUrl: string;
  readonly now: () => Date;
  /** Fetches a certificate; undefined when there is none. @throws CertificateUnavailable */
  readonly fetchText?: (url: string) => Promise<string | undefined>;
}

export type PaypalVerifier = (headers: Headers, body: string) => Promise<SignatureRefusal | undefined>;

/** The certificate could not be fetched: PayPal has to come again. */
export class CertificateUnavailable extends Error {
  override readonly name = "CertificateUnavailable";
}

/**
 * Checks that PayPal sent a webhook, by its certificate and without a call to PayPal's API, so that a forged one costs
 * nothing and a true one is taken while the API is slow: SHA256withRSA over `id|time|webhook id|crc32 of the body`,
 * with the certificate that the headers name, fetched over HTTPS from PayPal's own host and nowhere else.
 * https://developer.paypal.com/api/rest/webhooks/rest/#verify-webhook-signature
 */
export function createPaypalVerifier({
  webhookId,
  apiUrl,
  now,
  fetchText = fetchCertificate,
}: PaypalVerifierOptions): PaypalVerifier {
  const trusted = certificateOrigins(apiUrl);
  const known = new Map<string, { readonly certificate: X509Certificate; readonly until: number }>();

  async function certificateAt(url: string): Promise<X509Certificate | undefined> {
    const found = known.get(url);
    if (found !== undefined && found.until > now().getTime()) return found.certificate;
    const text = await fetchText(url);
    if (text === undefined) return undefined;
    const certificate = new X509Certificate(text);
    if (known.size >= rememberedCertificates) known.clear();
    known.set(url, { certificate, until: now().getTime() + rememberedMs });
    return certificate;
  }

  return async (headers, body) => {
    const id = headers.get("paypal-transmission-id");
    const time = headers.get("paypal-transmission-time");
    const signature = headers.get("paypal-transmission-sig");
    const url = headers.get("paypal-cert-url");
    if (!id || !time || !signature || !url) return "missing";
    if (headers.get("paypal-auth-algo") !== "SHA256withRSA") return "missing";
    const at = Date.parse(time);
    if (Number.isNaN(at)) return "missing";
    const age = now().getTime() - at;
    if (age > oldestMs || age < -futureMs) return "outside-tolerance";
    if (!isTrusted(url, trusted)) return "untrusted-certificate";
    const certificate = await certificateAt(url);
    if (certificate === undefined || !isValidAt(certificate, now())) return "untrusted-certificate";
    const message = Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`);
    const isGood = verify("RSA-SHA256", message, certificate.publicKey, Buffer.from(signature, "base64"));
    return isGood ? undefined : "wrong";
  };
}

/** `api-m` serves the API and `api` the certificates, both for the live and for the test system and never for each other. */
export function certificateOrigins(apiUrl: string): readonly string[] {
  const { origin } = new URL(apiUrl);
  return [origin, origin.replace("://api-m.", "://api.")];
}

function isTrusted(url: string, origins: readonly string[]): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, pathname, username, search } = new URL(url);
  const isCertificate = /^\/v1\/notifications\/certs\/[\w-]+$/.test(pathname);
  return origins.includes(origin) && isCertificate && username === "" && search === "";
}

async function fetchCertificate(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.ok) return text;
    if (response.status === 404) return undefined;
    throw new CertificateUnavailable(`status-${response.status}`);
  } catch (error) {
    if (error instanceof CertificateUnavailable) throw error;
    throw new CertificateUnavailable((error as Error).name);
  }
}

const isValidAt = ({ validFrom, validTo }: X509Certificate, at: Date): boolean =>
  Date.parse(validFrom) <= at.getTime() && at.getTime() <= Date.parse(validTo);
