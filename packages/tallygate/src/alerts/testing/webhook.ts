import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody who is told: a real server that keeps what was posted, and answers as a test says. */
export interface Webhook {
  url: string;
  received: { key: string | undefined; body: Record<string, unknown> }[];
  /** Status of the next answers. */
  answer: number;
  close(): Promise<void>;
}

export async function startWebhook(): Promise<Webhook> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const key = request.headers['idempotency-key'];
    webhook.received.push({ key: Array.isArray(key) ? key.join() : key, body: JSON.parse(text) });
    response.writeHead(webhook.answer, { location: '/elsewhere' }).end('thanks');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const webhook: Webhook = {
    url: `http://127.0.0.1:${port}/hooks/s3cret`,
    received: [],
    answer: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return webhook;
}
