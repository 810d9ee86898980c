import type { createServiceApp } from "#mesh/http/service-app";
import { accepted, noContent, notStored } from "../problems.ts";
import { oldValidHoursOf, RotationBody } from "../rotation-schema.ts";
import type { UserDeps } from "../user-deps.ts";
import {
  ClientBody,
  ClientList,
  ClientParams,
  ClientView,
  ConsentList,
  clientView,
  registeredView,
  StandingBody,
} from "./client-schema.ts";
import { listConsents } from "./consent-store.ts";
import { changeStanding, deleteClient, registerClient, rotateSecret } from "./manage-clients.ts";
import { listClients } from "./oauth-client-store.ts";
import { withdrawConsent } from "./withdraw-consent.ts";

const tags = ["oauth"];

/** What people do with the applications that they made, and with those that they let in. */
export function createClientsHttp(app: ReturnType<typeof createServiceApp>, deps: UserDeps) {
  return app
    .post(
      "/api/oauth/clients",
      async ({ caller, body, set }) => {
        Object.assign(set.headers, notStored);
        set.status = 201;
        return registeredView(await accepted(registerClient(deps, caller.userId, body)));
      },
      {
        user: true,
        body: ClientBody,
        response: { 201: ClientView },
        detail: { summary: "Register an application; its secret is shown here only", tags },
      },
    )
    .get(
      "/api/oauth/clients",
      async ({ caller }) => ({ data: (await listClients(deps.sql, caller.userId)).map(clientView) }),
      { user: true, response: { 200: ClientList }, detail: { summary: "My applications", tags } },
    )
    .post(
      "/api/oauth/clients/:id/secret",
      async ({ caller, params, body, set }) => {
        Object.assign(set.headers, notStored);
        const rotation = { id: params.id, ownerId: caller.userId, oldValidHours: oldValidHoursOf(body) };
        return registeredView(await accepted(rotateSecret(deps, rotation)));
      },
      {
        user: true,
        params: ClientParams,
        body: RotationBody,
        response: { 200: ClientView },
        detail: { summary: "A new secret; the old one stays good for 24 hours or as long as said", tags },
      },
    )
    .patch(
      "/api/oauth/clients/:id",
      async ({ params, body }) => clientView(await accepted(changeStanding(deps, params.id, body))),
      {
        admin: true,
        params: ClientParams,
        body: StandingBody,
        response: { 200: ClientView },
        detail: { summary: "Set which limits an application has", tags },
      },
    )
    .delete(
      "/api/oauth/clients/:id",
      async ({ caller, params }) => {
        await accepted(deleteClient(deps, { id: params.id, ownerId: caller.userId }));
        return noContent();
      },
      {
        user: true,
        params: ClientParams,
        detail: { summary: "Delete an application and end all its tokens", tags },
      },
    )
    .get(
      "/api/oauth/consents",
      async ({ caller }) => ({
        data: (await listConsents(deps.sql, caller.userId)).map(({ givenAt, ...consent }) => ({
          ...consent,
          scopes: [...consent.scopes],
          givenAt: givenAt.toISOString(),
        })),
      }),
      { user: true, response: { 200: ConsentList }, detail: { summary: "Applications that I let in", tags } },
    )
    .delete(
      "/api/oauth/consents/:id",
      async ({ caller, params }) => {
        await accepted(withdrawConsent(deps, { userId: caller.userId, clientId: params.id }));
        return noContent();
      },
      {
        user: true,
        params: ClientParams,
        detail: { summary: "Let an application in no more, and end what it holds", tags },
      },
    );
}
