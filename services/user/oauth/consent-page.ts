import { createHash } from "node:crypto";
import { type Scope, scopes } from "#mesh/identity/scopes";
import type { User } from "../user.ts";
import type { OAuthClient } from "./oauth-client.ts";

const style = `
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}
body{max-width:26rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.4rem;line-height:1.25}
label{display:block;margin-top:1rem;font-weight:600}
input{box-sizing:border-box;width:100%;padding:.6rem;font:inherit}
button{margin:1.25rem .5rem 0 0;padding:.6rem 1.2rem;font:inherit}
.other{margin-top:1.5rem;padding-top:1.5rem;border-top:1px solid #8888}
.other a{display:block;padding:.6rem 1.2rem;border:1px solid;border-radius:.25rem;color:inherit;text-align:center;text-decoration:none}
.alert{padding:.75rem;border:2px solid #b00020;border-radius:.25rem}
:focus-visible{outline:3px solid #1a73e8;outline-offset:2px}`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** Everything that may stand between two tags or in an attribute's quotation marks. */
const text = (value: string): string => value.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * @param formTargets origins beside our own to which a form may lead in the end: browsers hold the redirect after it
 * against `form-action` too (CSP Level 3 §6.4.2)
 */
function page(
  title: string,
  body: string,
  {
    status = 200,
    formTargets = [],
    cookie,
  }: { status?: number; formTargets?: string[]; cookie?: string } = {},
): Response {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)} – EcoTrack</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${text(title)}</h1>
${body}
</main>
</body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      ...(cookie && { "set-cookie": cookie }),
    },
  });
}

interface Form {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  /** The query of the request, with its question mark. */
  readonly query: string;
  readonly formToken: string;
  /** Whether people may sign in with Google. */
  readonly google: boolean;
  readonly cookie?: string;
}

const formStart = ({ query, formToken }: Form): string =>
  `<form method="post" action="/oauth/authorize${text(query)}">
<input type="hidden" name="form_token" value="${text(formToken)}">`;

export interface SignInProblem {
  readonly status: number;
  readonly message: string;
  readonly email: string;
}

export function signInPage(form: Form, problem?: SignInProblem): Response {
  const alert = problem ? `<p class="alert" role="alert" id="problem">${text(problem.message)}</p>` : "";
  const described = problem ? ' aria-invalid="true" aria-describedby="problem"' : "";
  // A link, because the policy on forms would hold every page of Google's against us.
  const google = form.google
    ? `\n<p class="other"><a href="/oauth/authorize/google${text(form.query)}">Sign in with Google</a></p>`
    : "";
  const body = `<p>to go on to <strong>${text(form.client.name)}</strong></p>
${alert}
${formStart(form)}
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254"${described} value="${text(problem?.email ?? "")}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${described}>
<button name="action" value="sign-in">Sign in</button>
<button name="action" value="deny" formnovalidate>Cancel</button>
</form>${google}`;
  return page("Sign in to EcoTrack", body, options(form, problem?.status));
}

export function consentPage(form: Form, person: User, asked: readonly Scope[]): Response {
  const list = asked.map((scope) => `<li>${text(scopes[scope].title)}</li>`).join("\n");
  const body = `<p>You are signed in as <strong>${text(person.email)}</strong>.</p>
<p><strong>${text(form.client.name)}</strong>, an application that EcoTrack did not make, would be able to:</p>
<ul>
${list}
</ul>
<p>Afterwards you return to <strong>${text(new URL(form.redirectUri).host)}</strong>. You can end this at any time under your sessions.</p>
${formStart(form)}
<button name="action" value="allow">Allow</button>
<button name="action" value="deny">Do not allow</button>
<button name="action" value="sign-out">Use another account</button>
</form>`;
  return page(`Allow ${form.client.name} to use your account?`, body, options(form));
}

/** For what cannot be told to the client. */
export const errorPage = (message: string, status = 400): Response =>
  page("This cannot go on", `<p class="alert" role="alert">${text(message)}</p>`, { status });

function options({ redirectUri, cookie }: Form, status = 200) {
  const { protocol, origin, hostname } = new URL(redirectUri);
  // The policy's grammar knows no IPv6 addresses.
  const target = hostname.startsWith("[") ? protocol : origin;
  return { status, formTargets: [target], ...(cookie && { cookie }) };
}
