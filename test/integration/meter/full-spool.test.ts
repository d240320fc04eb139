import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { createMemoryGate } from '@tallygate/gate';
import { openSpool } from '@tallygate/ledger';
import { createConfigurationCache, createMeter, wrapClient } from '@tallygate/meter';
import { silentLogger, systemClock, TallygateError } from '@tallygate/usage';
import { expect, it, onTestFinished } from 'vitest';

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-5-5',
  content: [],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 2 },
};

/** A client over a spool that is full as soon as it has a byte, because the ledger is away. */
async function clientWithFullSpool(mode: 'enforce' | 'observe') {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-full-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [organization, clock, logger] = ['acme', systemClock, silentLogger];
  const sink = await openSpool({ directory, destination: null, clock, maxBytes: 1 });
  const gate = createMemoryGate({ organization, clock });
  const configuration = createConfigurationCache({ gate, organization, logger });
  const meter = createMeter({
    ...{ mode, clock, logger, apiKeyId: null, pseudonymKey: null, telemetry: 'off' },
    defaults: { team: 'support', feature: null, environment: null },
    ports: async () => ({ gate, sink, configuration }),
  });
  let sent = 0;
  const fetch = async () => {
    sent += 1;
    return Response.json(MESSAGE);
  };
  const claude = wrapClient(new Anthropic({ apiKey: 'k', fetch, maxRetries: 0 }), meter.middleware);
  const ask = () =>
    claude.messages.create({
      model: MESSAGE.model,
      max_tokens: 5,
      messages: [{ role: 'user', content: 'hi' }],
    });
  onTestFinished(() => meter.close().then(() => sink.close()));
  return { ask, sink, sent: () => sent };
}

it('where budgets are enforced a call whose usage could not be kept is refused, and never sent', async () => {
  const { ask, sent } = await clientWithFullSpool('enforce');
  const refused = await ask().catch((error: unknown) => error);
  expect(TallygateError.isInstance(refused) && refused.code).toBe('TALLYGATE_SPOOL_FULL');
  expect(sent()).toBe(0);
});

it('where they are observed the call goes on, and what it used is recorded', async () => {
  const { ask, sink, sent } = await clientWithFullSpool('observe');
  expect(await ask()).toMatchObject({ id: 'msg_1' });
  expect({ sent: sent(), recorded: sink.recordedEvents }).toEqual({ sent: 1, recorded: 1 });
});
