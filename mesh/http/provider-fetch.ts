import { currentContext } from "#observability/context";
import { beginCallSpan } from "./call-span.ts";

/** A part of a path that is no word of an API: `pi_3Nx…`, `8MC585209K746392H`, a number, a UUID. */
const identifier = /^(?=.*\d)[\w-]{10,}$|^\d+$/;
const version = /^v\d+$/;

/** `/v1/payment_intents/pi_3NxQ8e/capture` → `/v1/payment_intents/{id}/capture`. */
export const pathTemplate = (path: string): string =>
  path
    .split("/")
    .map((part) => (identifier.test(part) && !version.test(part) ? "{id}" : part))
    .join("/");

/**
 * `fetch` for calls to somebody else's API, each told of by a span where the trace is recorded. Nothing of the trace
 * goes out to them: it is none of their business.
 */
export function providerFetch(peer: string): typeof fetch {
  const traced = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname, origin } = new URL(url instanceof Request ? url.url : url);
    const call = { method: init?.method ?? "GET", baseUrl: origin, template: pathTemplate(pathname), peer };
    const span = beginCallSpan(currentContext(), call);
    try {
      const response = await fetch(url, init);
      span?.answered(response.status);
      return response;
    } catch (error) {
      span?.failed(error);
      throw error;
    }
  };
  // What else hangs on a runtime's own is nobody's need here.
  return traced as typeof fetch;
}
