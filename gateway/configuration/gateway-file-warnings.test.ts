import { expect, test } from "bun:test";
import { parseGatewayFile } from "./gateway-file.ts";
import { good, variables } from "./test-gateway-file.ts";

test("what nobody refers to is a warning", () => {
  const { warnings } = parseGatewayFile("gateway.yaml", good.replace(", limits: [keys]", ""), variables);
  expect(warnings).toEqual(["gateway.yaml:8:3: limits.keys is used by no route"]);
});

test("callers whom no limit counts are a warning, unless there is none at all", () => {
  const warned = (change: string) => {
    const text = good.replace("limits: [keys] }", change);
    return parseGatewayFile("gateway.yaml", text, variables).warnings.filter((each) =>
      each.includes("counts"),
    );
  };
  expect(warned("limits: [keys] }")).toEqual([]);
  expect(warned("limits: [] }")).toEqual([]);
  const open = good.replace(
    "auth: { accept: [api-key] }",
    "auth: { anonymous: true, accept: [token, api-key] }",
  );
  expect(parseGatewayFile("gateway.yaml", open, variables).warnings).toEqual([
    "gateway.yaml:14:5: routes.1 has no limit that counts callers without a credential",
    "gateway.yaml:14:5: routes.1 has no limit that counts callers with a token",
  ]);
});
