import { type Static, Type } from "@sinclair/typebox";

const defaultHours = 24;

/** How long the secret or key from before stays good beside the new one. */
export const RotationBody = Type.Union([
  Type.Object(
    {
      oldValidHours: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 168,
          default: defaultHours,
          description: "0 ends the old one at once",
        }),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Null(),
]);

/** @param body may be left out in a request */
export const oldValidHoursOf = (body: Static<typeof RotationBody> | undefined): number =>
  body?.oldValidHours ?? defaultHours;
