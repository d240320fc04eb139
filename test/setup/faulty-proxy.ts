import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** What happens to one request. "Stored" says that the server behind has done its work before the client learns nothing of it. */
export const FAULTS = [
  'an error, nothing stored',
  'an error after it was stored',
  'a connection cut, nothing stored',
  'a connection cut after it was stored',
  'a connection cut while it is being stored',
  'an answer cut in its middle after it was stored',
  'no answer before the client gives up, stored',
] as const;
/** What happens to the answer of a question whose status was fine: the server had begun to send before it failed. */
export const READ_FAULTS = ['a connection cut after some rows', 'an error after some rows'] as const;
export type Fault = (typeof FAULTS)[number] | (typeof READ_FAULTS)[number];

/** Stands between the client and a server of ClickHouse, engine or real one, and breaks what it is told to. */
export interface FaultyProxy {
  url: string;
  /** The next request whose SQL contains the text meets the fault, once. */
  breakNext(sqlPart: string, fault: Fault): void;
  /** Faults that are still waiting for their request. */
  waiting(): number;
  /** Faults that a request has met, and how often. */
  readonly happened: ReadonlyMap<Fault, number>;
  /** Encodings of requests and answers that were seen, as "gzip". */
  readonly encodings: { requests: Set<string>; answers: Set<string> };
  close(): Promise<void>;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** @param target may be somewhere else for each request; null: nobody is there now, and connections are cut. */
export async function startFaultyProxy(target: string | (() => string | null)): Promise<FaultyProxy> {
  const planned: { sqlPart: string; fault: Fault }[] = [];
  const happened = new Map<Fault, number>();
  const encodings = { requests: new Set<string>(), answers: new Set<string>() };

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    encodings.requests.add(incoming.headers['content-encoding'] ?? 'identity');
    const server = typeof target === 'string' ? target : target();
    if (server === null) return void outgoing.destroy();
    const fault = takeFault(planned, sqlOf(incoming, body));
    if (goesOn(fault, outgoing)) {
      const answer = await forward(server, incoming, body);
      encodings.answers.add(answer.headers['content-encoding'] ?? 'identity');
      await deliver(answer, fault, outgoing);
    }
    if (fault !== null) happened.set(fault, (happened.get(fault) ?? 0) + 1);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakNext: (sqlPart, fault) => void planned.push({ sqlPart, fault }),
    waiting: () => planned.length,
    happened,
    encodings,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What breaks before the server has done its work. @returns whether it still does it. */
function goesOn(fault: Fault | null, outgoing: ServerResponse): boolean {
  switch (fault) {
    case 'an error, nothing stored':
      answerError(outgoing);
      return false;
    case 'a connection cut, nothing stored':
      outgoing.destroy();
      return false;
    case 'a connection cut while it is being stored':
      outgoing.destroy();
      return true;
    default:
      return true;
  }
}

async function deliver(answer: Answer, fault: Fault | null, outgoing: ServerResponse): Promise<void> {
  switch (fault) {
    case 'an error after it was stored':
      return answerError(outgoing);
    case 'a connection cut after it was stored':
      return void outgoing.destroy();
    case 'an answer cut in its middle after it was stored':
      outgoing.writeHead(answer.status, { 'content-length': '1000' });
      outgoing.write('half', () => outgoing.destroy());
      return;
    case 'no answer before the client gives up, stored':
      await once(outgoing, 'close');
      return;
    case 'a connection cut after some rows':
      outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
      outgoing.write(someRowsOf(answer.body), () => outgoing.destroy());
      return;
    case 'an error after some rows':
      return answerErrorWithin(answer, outgoing);
    case 'a connection cut while it is being stored':
      return;
    default:
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  }
}

/** As a server words that it cannot say whether the rows are in. */
function answerError(outgoing: ServerResponse): void {
  outgoing.writeHead(500, { 'x-clickhouse-exception-code': '319' });
  outgoing.end('Code: 319. DB::Exception: Unknown status, client must retry. (UNKNOWN_STATUS_OF_INSERT)');
}

/** As a server words it since 25.11, and as a proxy may pass it on: a whole answer by its length, a failure by its tag. */
function answerErrorWithin(answer: Answer, outgoing: ServerResponse): void {
  const [tag, mark] = ['PU1FNUFH98BHY8QO', '__exception__'];
  const message = 'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n';
  const { 'content-length': _length, ...headers } = answer.headers;
  outgoing.writeHead(answer.status, { ...headers, 'x-clickhouse-exception-tag': tag });
  outgoing.write(someRowsOf(answer.body));
  outgoing.end(`\r\n${mark}\r\n${tag}\r\n${message}${message.length} ${tag}\r\n${mark}\r\n`);
}

/** Whole lines: nothing about the rows themselves tells that more were to come. */
function someRowsOf(body: Buffer): Buffer {
  return body.subarray(0, body.lastIndexOf('\n', body.length / 2) + 1);
}

/** In the URL where a body of rows follows it, else it is the body. */
function sqlOf(incoming: IncomingMessage, body: Buffer): string {
  const query = new URL(incoming.url ?? '/', 'http://proxy').searchParams.get('query');
  if (query !== null) return query;
  return (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
}

function takeFault(planned: { sqlPart: string; fault: Fault }[], sql: string): Fault | null {
  const index = planned.findIndex(({ sqlPart }) => sql.includes(sqlPart));
  return index === -1 ? null : (planned.splice(index, 1)[0]?.fault ?? null);
}

async function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const {
    'content-length': _length,
    'transfer-encoding': _encoding,
    host: _host,
    ...headers
  } = incoming.headers;
  const onward = request(new URL(incoming.url ?? '/', target), {
    method: incoming.method ?? 'POST',
    headers: { ...headers, 'content-length': body.length },
  });
  onward.end(body);
  const [response] = (await once(onward, 'response')) as [IncomingMessage];
  const { 'transfer-encoding': _chunked, ...received } = response.headers;
  return { status: response.statusCode ?? 500, headers: received, body: await bodyOf(response) };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
