/** Why signing in with Google does not go on, where the front end is told by a problem document. */
export type GoogleRefusal = {
  readonly refused:
    | "google-not-configured"
    | "invalid-code"
    | "link-required"
    | "google-account-taken"
    | "recent-sign-in-required";
};
