import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Answer } from "../pipeline.ts";

/**
 * `GET /docs`: one page without anything from elsewhere. Its policy names its script and its style by their hashes, so
 * that nothing else in it can run.
 */
export async function createDocsAnswer(): Promise<Answer> {
  const read = (name: string) => readFile(new URL(name, import.meta.url), "utf8");
  const [page, style, ...scripts] = await Promise.all([
    read("docs.html"),
    read("docs.css"),
    read("docs-credentials.js"),
    read("docs-example.js"),
    read("docs-page.js"),
  ]);
  const script = scripts.map(asPlainScript).join("\n");
  const html = page.replace("/*style*/", () => style).replace("/*script*/", () => script);
  const policy = [
    "default-src 'none'",
    `style-src '${hash(style)}'`,
    `script-src '${hash(script)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return () =>
    new Response(html, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "public, max-age=300",
      },
    });
}

/** The page is one file, so its modules become one script in the order in which they import each other. */
const asPlainScript = (module: string): string => module.replaceAll(/^import [^;]*;$|^export /gm, "");

const hash = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
