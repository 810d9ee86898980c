/** What a snapshot uses and did not make, before anybody relies on it. */
export interface Prepared<T> {
  readonly value: T;
  /** The snapshot is the current one: closes what it does not ask for. */
  commit(): void;
  /** It never will be: closes what was opened for it. */
  abandon(): void;
}

/**
 * Keeps open what costs time to open and what remembers: an unchanged entry of the file has the same resource after a
 * reload, with its keys and its memory; a changed one gets a new one.
 *
 * `close` of a resource is called while requests that began before may still use it. It ends what goes on in the
 * background, such as fetching keys ahead; asked directly, a closed resource still answers.
 */
export class KeptResources<Spec, Resource extends { close(): void }> {
  #open = new Map<string, Resource>();

  constructor(private readonly open: (name: string, spec: Spec) => Resource) {}

  prepare(specs: Readonly<Record<string, Spec>>): Prepared<ReadonlyMap<string, Resource>> {
    const next = new Map<string, Resource>();
    const byName = new Map<string, Resource>();
    const opened: Resource[] = [];
    const abandon = () => {
      for (const resource of opened) resource.close();
    };
    try {
      for (const [name, spec] of Object.entries(specs)) {
        const key = JSON.stringify([name, spec]);
        const kept = this.#open.get(key);
        const resource = kept ?? this.open(name, spec);
        if (!kept) opened.push(resource);
        next.set(key, resource);
        byName.set(name, resource);
      }
    } catch (error) {
      abandon();
      throw error;
    }
    return {
      value: byName,
      commit: () => {
        const gone = [...this.#open].filter(([key]) => !next.has(key));
        this.#open = next;
        for (const [, resource] of gone) resource.close();
      },
      abandon,
    };
  }

  close(): void {
    for (const resource of this.#open.values()) resource.close();
    this.#open.clear();
  }
}
