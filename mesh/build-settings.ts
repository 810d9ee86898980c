import { text, type Values } from "./settings.ts";

/** What every process knows of how it was made; set in the image. */
export const buildSettings = () => ({
  buildVersion: text("BUILD_VERSION", { default: "development" }),
  /** The commit. */
  buildRevision: text("BUILD_REVISION", { default: "unknown" }),
});

export type BuildConfig = Values<ReturnType<typeof buildSettings>>;
