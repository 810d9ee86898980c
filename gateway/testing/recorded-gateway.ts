import { type RecordingUpstream, startRecordingUpstream } from "./recording-upstream.ts";
import { startTestGateway, type TestGateway } from "./test-gateway.ts";

/** A gateway whose service writes down every byte that comes; nobody's word about a client is believed. For tests only. */
export interface RecordedGateway {
  readonly upstream: RecordingUpstream;
  readonly gateway: TestGateway;
  close(): Promise<void>;
}

/** @param file text of a gateway.yaml; `${RAW_URL}` stands for the service */
export async function startRecordedGateway(file: string): Promise<RecordedGateway> {
  const upstream = await startRecordingUpstream();
  const gateway = await startTestGateway({
    file,
    handle: () => new Response(null, { status: 404 }),
    variables: { RAW_URL: upstream.url },
    trustedProxies: [],
  });
  const close = async () => {
    await gateway.close();
    upstream.close();
  };
  return { upstream, gateway, close };
}
