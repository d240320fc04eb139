import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived, whole. */
export interface Heard {
  request: string;
  headers: string[];
  body: string;
}

/** How the provider answers one request. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface LoopbackServer {
  url: string;
  heard: Heard[];
  /** Answers the n-th request by the n-th of these, the last one from then on. Forgets what it heard. */
  play(answers: readonly Answer[]): void;
  /** Resolves when somebody has left before an answer was over. */
  left(): Promise<void>;
  close(): Promise<void>;
}

export async function openLoopback(): Promise<LoopbackServer> {
  let answers: readonly Answer[] = [];
  let heard: Heard[] = [];
  let leaving = signalled();
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(heard.length, answers.length - 1)];
    const arrived: Heard = {
      request: `${request.method} ${request.url}`,
      headers: headersOf(request),
      body: '',
    };
    heard.push(arrived);
    response.sendDate = false;
    response.on('close', () => response.writableFinished || leaving.signal());
    for await (const chunk of request.setEncoding('latin1')) arrived.body += withoutBoundary(String(chunk));
    answer?.(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get heard() {
      return heard;
    },
    play(given) {
      [answers, heard, leaving] = [given, [], signalled()];
    },
    left: () => leaving.signalled,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function signalled(): { signalled: Promise<void>; signal(): void } {
  let signal: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    signal = resolve;
  });
  return { signalled: promise, signal };
}

/** What separates the parts of a form is drawn by lot. */
function withoutBoundary(text: string): string {
  return text.replace(/formdata-undici-\d+/g, 'boundary');
}

/** Names, values and spelling as they came; the order is the platform's own. */
function headersOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders
    .flatMap((name, index) => (index % 2 ? [] : [withoutBoundary(`${name}: ${rawHeaders[index + 1]}`)]))
    .sort();
}

const JSON_TYPE = { 'content-type': 'application/json' };

export const json =
  (body: unknown, headers: Record<string, string> = {}, status = 200): Answer =>
  (response) =>
    void response
      .writeHead(status, { ...JSON_TYPE, 'request-id': 'req_1', ...headers })
      .end(JSON.stringify(body));

export const failure = (status: number, headers: Record<string, string> = {}): Answer =>
  json({ type: 'error', error: { type: 'made_up_error', message: 'As made up.' } }, headers, status);

const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_2' };

export const events =
  (text: string): Answer =>
  (response) =>
    void response.writeHead(200, STREAM_HEADERS).end(text);

/** Begins to answer and says nothing more. */
export const begun =
  (text: string, headers: Record<string, string> = STREAM_HEADERS): Answer =>
  (response) =>
    void response.writeHead(200, headers).write(text);

/** Takes the request and says nothing. */
export const silence: Answer = () => undefined;

/** Breaks the connection off, after so much of an answer. */
export const broken =
  (text = ''): Answer =>
  (response) => {
    if (text === '') response.destroy();
    else response.writeHead(200, STREAM_HEADERS).write(text, () => response.destroy());
  };
