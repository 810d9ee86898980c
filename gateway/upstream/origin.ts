/** Where an upstream is; read once, when the configuration is. */
export interface Origin {
  /** The same for every origin that may share connections. */
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  /** The value of the `Host` field. */
  readonly hostHeader: string;
  /** What goes before every path: empty, or with a slash at its beginning and none at its end. */
  readonly basePath: string;
}

/**
 * @param url `http://host:port/base`
 * @throws Error for what no HTTP/1.1 request can be sent to
 */
export function parseOrigin(url: string): Origin {
  const { protocol, host, hostname, port, pathname, search, hash, username, password } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:")
    throw new Error(`Cannot call an upstream at "${url}", expected http:// or https://`);
  if (search || hash || username || password)
    throw new Error(
      `Cannot call an upstream at "${host}" with a query, a fragment or credentials in its URL`,
    );
  const tls = protocol === "https:";
  return {
    key: `${protocol}//${host}`,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (tls ? 443 : 80) : Number(port),
    tls,
    hostHeader: host,
    basePath: pathname.replace(/\/+$/, ""),
  };
}
