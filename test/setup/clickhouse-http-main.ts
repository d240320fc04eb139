import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createChdbConnection } from 'chdb/connection';

/**
 * ClickHouse's HTTP interface over the real engine, as much of it as `@clickhouse/client` uses: it lets the ledger's server
 * path (transport, parameters, errors) be tested where no server runs. Nothing is answered from here but by the engine.
 *
 * Arguments: the engine's directory, a port or 0 for a free one. Prints its port on stdout; ends when its parent does.
 */
const [directory = '', port = '0'] = process.argv.slice(2);
const engine = createChdbConnection({ path: directory });

/** Parameters are set on the engine's one session, so requests take turns. What one that failed has written is thrown away. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = last.then(work);
  last = turn.catch(() => engine.chdb.queryAsync('SELECT 1'));
  return turn;
}

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => fail(response, error));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  const body = await readBody(request);
  const query = url.searchParams.get('query');
  const sql = query === null ? body : `${query}\n${body}`;
  const bytes = await inTurn(() => run(sql, url.searchParams));
  response.setHeader('x-clickhouse-query-id', url.searchParams.get('query_id') ?? '');
  if (!wantsGzip(request, url.searchParams)) return void response.end(bytes);
  response.setHeader('content-encoding', 'gzip');
  response.end(gzipSync(bytes));
}

/** A server compresses when the client can read it and the request asks for it. */
function wantsGzip(request: IncomingMessage, search: URLSearchParams): boolean {
  const isAskedFor = search.get('enable_http_compression') === '1';
  return isAskedFor && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
}

async function run(sql: string, search: URLSearchParams): Promise<Buffer> {
  for (const [name, value] of search) {
    if (name.startsWith('param_')) await engine.chdb.queryAsync(`SET ${name} = ${literal(value)}`);
  }
  const result = await engine.chdb.queryAsync(sql, { format: 'TabSeparated' });
  return Buffer.from(result.bytes());
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** "Code: 60. DB::Exception: …", as a server words it. */
function fail(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  response.statusCode = 500;
  response.setHeader('x-clickhouse-exception-code', /Code: (\d+)/.exec(message)?.[1] ?? '1001');
  response.end(message);
}

server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.on('disconnect', () => process.exit(0));
