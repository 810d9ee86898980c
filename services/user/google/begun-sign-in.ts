import type { ProviderSecrets } from "./google-provider.ts";

/** A sign-in for a front end, which gets a code at this page of its own. */
export interface BegunForFrontEnd extends ProviderSecrets {
  readonly returnTo: string;
  readonly challenge: string;
}

/** A sign-in on the consent page, begun with this value of its cookie. */
export interface BegunForConsent extends ProviderSecrets {
  readonly browser: string;
}

/** What the browser brings back from the provider. */
export type BegunSignIn = BegunForFrontEnd | BegunForConsent;
