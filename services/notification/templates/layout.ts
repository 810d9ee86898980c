import { type Html, html } from "./html.ts";

/** What a mail says, ready to be sent. */
export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

// Mail programs know tables and little else; the rules in <style> are for those that know more.
const style = html`<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 24px 12px; background: #f2f4ef; color: #1c2420; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.sheet { width: 100%; max-width: 560px; margin: 0 auto; background: #ffffff; border-radius: 10px; }
.sheet > tbody > tr > td { padding: 28px 28px 24px; }
.brand { color: #1d6b45; font-weight: 700; letter-spacing: .02em; margin: 0 0 20px; }
h1 { font-size: 22px; line-height: 1.25; margin: 0 0 12px; }
p { margin: 0 0 16px; }
.rows { width: 100%; border-collapse: collapse; margin: 8px 0 20px; }
.rows th, .rows td { padding: 9px 0; border-bottom: 1px solid #dde1da; text-align: left; vertical-align: top; font-weight: 400; }
.rows .figure { text-align: right; white-space: nowrap; padding-left: 16px; }
.rows .total th, .rows .total td { border-bottom: 0; font-weight: 700; }
.carbon { background: #e4efe8; border-radius: 8px; padding: 12px 16px; }
.quiet { color: #5c6861; font-size: 14px; margin: 0; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: #14181a; color: #e6eae7; }
  .sheet { background: #1c2124; }
  .brand { color: #6fcf9a; }
  .rows th, .rows td { border-color: #31393d; }
  .carbon { background: #25352d; }
  .quiet { color: #9aa8a0; }
}
</style>`;

/** The page around what a mail says. */
export function layout(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${style}
</head>
<body>
<table class="sheet" role="presentation"><tbody><tr><td>
<p class="brand">EcoTrack</p>
${content}
</td></tr></tbody></table>
</body>
</html>
`.markup;
}

/** Text of somebody else on one line: no line of its own can be smuggled into a plain-text mail or a subject. */
export const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, " ").trim();

/** How an order is called in a subject; the whole id stands in the mail. Its end, because UUIDv7 begin alike. */
export const orderReference = (orderId: string): string => orderId.slice(-8).toUpperCase();
