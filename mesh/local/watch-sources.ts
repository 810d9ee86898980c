import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";

const watched = ["services", "gateway", "mesh", "observability"];
const quietMs = 150;

/** Calls `changed` with the processes whose sources were changed, once the changes have come to rest. */
export function watchSources(
  root: string,
  changed: (affects: (processName: string) => boolean) => void,
): () => void {
  const paths = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const report = () => {
    const tests = [...paths].map(affectedProcesses);
    paths.clear();
    const affects = (name: string) => tests.some((affected) => isAffected(name, affected));
    if (tests.some((affected) => affected !== undefined)) changed(affects);
  };
  const watchers: FSWatcher[] = watched.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_event, name) => {
      if (!name) return;
      paths.add(`${folder}/${name}`);
      clearTimeout(timer);
      timer = setTimeout(report, quietMs);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** The page keeps what it has seen of the others until a change is its own. */
export const isAffected = (name: string, affected: string | undefined): boolean =>
  affected === name || (affected === "all" && name !== "dev-page");

/** The process that runs a source file, `all` when every one does, undefined when none does. */
export function affectedProcesses(path: string): string | undefined {
  if (path.endsWith(".test.ts")) return undefined;
  if (/^mesh\/local\/dev-page\/.*\.(ts|html|css|js)$/.test(path)) return "dev-page";
  if (!/\.(ts|sql|csv|ya?ml|json|html)$/.test(path)) return undefined;
  if (/^mesh\/(local|images|helm|istio|policy|gitops)\/|\/bench\//.test(path)) return undefined;
  // The gateway exchanges its file while it runs.
  if (path === "gateway/gateway.yaml") return undefined;
  const [top, part, helper] = path.split("/");
  if (top === "mesh" || (top === "observability" && path.endsWith(".ts"))) return "all";
  if (top === "gateway") return "gateway";
  if (top !== "services") return undefined;
  if (part === "payment" && helper === "sandbox") return "stripe-sandbox";
  if (part === "notification" && helper === "mailbox") return "mailbox";
  return part && helper ? `${part}-service` : undefined;
}
