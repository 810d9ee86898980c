import type { TestService } from "../test-service.ts";

/** The little of a browser that the consent page needs: cookies, forms, and no following of redirects. */
export function createTestBrowser({ url }: Pick<TestService, "url">) {
  const cookies = new Map<string, string>();
  let formToken = "";

  async function send(path: string, init: RequestInit = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) };
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const html = await response.text();
    formToken = /name="form_token" value="([^"]*)"/.exec(html)?.[1] ?? formToken;
    const location = response.headers.get("location");
    return { status: response.status, headers: response.headers, html, location };
  }

  return {
    cookies,
    /** Of the form that was shown last. */
    formToken: () => formToken,
    open: (path: string, headers: Record<string, string> = {}) => send(path, { headers }),
    /** Presses the button of the form that was shown last. */
    press: (path: string, action: string, fields: Record<string, string> = {}, headers: object = {}) =>
      send(path, {
        method: "POST",
        body: new URLSearchParams({ form_token: formToken, action, ...fields }),
        headers: { ...headers },
      }),
  };
}
