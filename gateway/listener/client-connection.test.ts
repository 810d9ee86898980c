import { afterEach, describe, expect, test } from "bun:test";
import { echo, endTestListeners, host, openTestListener, plain } from "./test-listener.ts";

afterEach(endTestListeners);

describe("a connection", () => {
  test("takes requests in any pieces, also all at once, and answers in order", async () => {
    const { client } = await openTestListener({
      serve: (request) => {
        // The first answers last, by itself: order is the listener's business.
        const ms = request.head.target === "/0" ? 30 : 0;
        setTimeout(() => request.respond(plain(`<${request.head.target}>`)), ms);
      },
    });
    const one = await client();
    const all = ["/0", "/1", "/2", "/3"].map((path) => `GET ${path} HTTP/1.1\r\n${host}\r\n`).join("");
    one.send(all);
    const text = await one.until(/<\/3>/);
    expect([...text.matchAll(/<(.*?)>/g)].map((match) => match[1])).toEqual(["/0", "/1", "/2", "/3"]);

    const other = await client();
    for (const character of all) {
      other.send(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...(await other.until(/<\/3>/)).matchAll(/<(.*?)>/g)]).toHaveLength(4);
  });

  test("goes on after a small body that nobody read, and ends after a large one", async () => {
    const { client } = await openTestListener({ serve: (request) => request.respond(plain("unread")) });
    const one = await client();
    one.send(`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nabcdeGET / HTTP/1.1\r\n${host}\r\n`);
    expect((await one.until(/unread.*unread/s)).match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    const other = await client();
    other.send(`POST / HTTP/1.1\r\n${host}Content-Length: 500000\r\n\r\nabc`);
    expect(await other.untilEnd()).toContain("connection: close");
  });

  test("is closed when the client wants it, and of HTTP/1.0 always", async () => {
    const { client } = await openTestListener();
    const one = await client();
    one.send(`GET /a HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(await one.untilEnd()).toContain("GET /a");
    const other = await client();
    other.send(`GET /a HTTP/1.0\r\n${host}\r\n`);
    expect(await other.untilEnd()).toContain("GET /a");
  });

  test("is told to go on before it sends a body that is wanted, and not otherwise", async () => {
    const { client } = await openTestListener({
      serve: (request) => (request.head.target === "/no" ? request.respond(plain("no")) : echo(request)),
    });
    const one = await client();
    one.send(`POST /yes HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    await one.until(/HTTP\/1\.1 100 Continue\r\n\r\n/);
    one.send("abc");
    await one.until(/POST \/yes abc/);
    const other = await client();
    other.send(`POST /no HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
    expect(await other.untilEnd()).not.toContain("100 Continue");
  });

  test("goes on after an empty line before a request, however it comes in", async () => {
    const { client, served } = await openTestListener();
    const one = await client();
    one.send(`\r\nGET /1 HTTP/1.1\r\n${host}\r\n`);
    await one.until(/GET \/1/);
    one.send("\r");
    one.send("\n");
    one.send(`GET /2 HTTP/1.1\r\n${host}\r\n`);
    await one.until(/GET \/2/);
    one.send(`POST /3 HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\na\r\nGET /4 HTTP/1.1\r\n${host}\r\n`);
    await one.until(/GET \/4/);
    expect(served).toEqual(["GET /1", "GET /2", "POST /3", "GET /4"]);
  });

  test("takes a higher minor version as 1.1", async () => {
    const { client } = await openTestListener();
    const one = await client();
    one.send(`GET /1 HTTP/1.2\r\n${host}\r\nGET /2 HTTP/1.9\r\n${host}\r\n`);
    const text = await one.until(/GET \/2/);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(text).not.toContain("connection: close");
  });

  test("HEAD has the length and no body; 204 has neither", async () => {
    const { client } = await openTestListener({
      serve: (request) =>
        request.respond(
          request.method === "HEAD" ? plain("12345") : { ...plain(""), status: 204, body: undefined },
        ),
    });
    const one = await client();
    one.send(`HEAD / HTTP/1.1\r\n${host}\r\nDELETE / HTTP/1.1\r\n${host}\r\n`);
    const text = await one.until(/204 No Content.*\r\n\r\n$/s);
    const [first, second] = text.split(/(?=HTTP\/1\.1 204)/);
    expect(first).toContain("content-length: 5\r\n");
    expect(first?.endsWith("\r\n\r\n")).toBe(true);
    expect(second).not.toContain("content-length");
  });
});
