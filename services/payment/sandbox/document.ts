/** A page of the sandbox. @param body HTML, with whatever comes from outside escaped */
export function document(title: string, body: string): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
th, td { white-space: nowrap }
form { display: inline-block; margin-right: 1rem }
button { font: inherit; padding: .4rem 1rem }
</style>
${body}
</html>
`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (each) => `&#${each.codePointAt(0)};`);
