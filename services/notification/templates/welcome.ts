import { html } from "./html.ts";
import { layout, type MailContent, oneLine } from "./layout.ts";

/** Sent once to everybody who registers. */
export function welcome({ firstName }: { readonly firstName: string }): MailContent {
  const name = oneLine(firstName);
  const subject = "Welcome to EcoTrack";
  return {
    subject,
    text: `Hello ${name},

your EcoTrack account is ready. Every product shows the carbon footprint of making it, and every order
shows the sum, so you can see what a purchase costs before you make it.

You get this mail because somebody registered with this address. If it was not you, please ignore it.
`,
    html: layout(
      subject,
      html`<h1>Hello ${name},</h1>
<p>your EcoTrack account is ready. Every product shows the carbon footprint of making it, and every order shows the sum, so you can see what a purchase costs before you make it.</p>
<p class="quiet">You get this mail because somebody registered with this address. If it was not you, please ignore it.</p>`,
    ),
  };
}
