/**
 * Whether a request may be meant for this page: it names this machine (a foreign name that was made to lead here would be
 * another `Host`: DNS rebinding) and comes from no other page.
 */
export function guard(request: Request, port: number): Response | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = request.headers.get("host") ?? "";
  if (!hosts.includes(host.toLowerCase())) return refusal(421, `Only for ${hosts[0]}`);
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== `http://${host}`) return refusal(403, "Only for this page");
  // An image or a form of another page sends no Origin; browsers say where it is from all the same (Fetch Metadata).
  const site = request.headers.get("sec-fetch-site");
  const navigates = request.headers.get("sec-fetch-mode") === "navigate";
  if (site !== null && site !== "same-origin" && site !== "none" && !navigates) {
    return refusal(403, "Only for this page");
  }
  return undefined;
}

export function refusal(status: number, title: string): Response {
  const headers = { "content-type": "application/problem+json", "x-content-type-options": "nosniff" };
  return Response.json({ type: "about:blank", title, status }, { status, headers });
}
