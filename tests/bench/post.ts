export interface Sending {
  readonly body: unknown;
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** One POST of JSON, answered with JSON. */
export async function post(gateway: string, path: string, { body, token, headers }: Sending) {
  const response = await fetch(gateway + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
