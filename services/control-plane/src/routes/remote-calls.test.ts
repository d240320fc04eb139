import { createMemoryGate } from '@tallygate/gate';
import { describe, expect, it } from 'vitest';
import { testPlane } from '../testing/planes.ts';
import { clock, TOKEN } from '../testing/served-world.ts';
import { BODY_BYTES_MAX } from './remote-calls.ts';

const SEGMENT = { token: 'a/1', events: [], settlements: [], denials: [] };

function plane() {
  return testPlane(createMemoryGate({ organization: 'acme', clock }));
}

describe('the routes for other processes', () => {
  it('store a segment', async () => {
    const asked = plane();
    const response = await asked.post('/v1/ledger/store', SEGMENT);
    expect(response.status).toBe(200);
    expect(asked.segments).toEqual([SEGMENT]);
  });

  it.each(['', 'no json', '[]', '{"token":1}', 'null'])(
    'refuse the body %j with 400 and store nothing',
    async (body) => {
      const asked = plane();
      const response = await asked.post('/v1/ledger/store', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_REQUEST_INVALID' } });
      expect(asked.segments).toEqual([]);
    },
  );

  it('refuse a body that says it is too large without reading it', async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-length': String(BODY_BYTES_MAX + 1) };
    const response = await plane().post('/v1/ledger/store', SEGMENT, headers);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`larger than ${BODY_BYTES_MAX} bytes`);
  });

  it('answer 404 to a route that the table of routes does not have', async () => {
    const response = await plane().post('/v1/gate/everything', {});
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'TALLYGATE_ROUTE_UNKNOWN' } });
  });
});
