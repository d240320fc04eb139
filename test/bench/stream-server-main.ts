import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHUNKS } from './made-answers.ts';

/** A provider on loopback, in a process of its own so that its work is not measured. Sends its port to the parent, and ends with it. */
const server = createServer(async (request, response) => {
  request.resume();
  await once(request, 'end');
  response.socket?.setNoDelay();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const chunk of CHUNKS) {
    response.write(chunk);
    // What is written in one turn of the event loop leaves together.
    await nextTurn();
  }
  response.end();
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
