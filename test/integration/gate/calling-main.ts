import { type ConfigurationSnapshot, newAttemptId, type ReserveReply } from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { attributionOf, requestOf, usd } from '../../contract/gate-fixtures.ts';
import { answerCommands } from '../owner/answer-commands.ts';
import { patiently } from './patiently.ts';

/**
 * A process that calls as a meter does: with the configuration that it last saw, and once more where the gate says that it is
 * outdated. Speaks over the fork's channel: `{ id, command, input }` in, `{ id, output }` or `{ id, error }` out.
 */
let runtime: TallygateRuntime;
let known: ConfigurationSnapshot | null = null;

async function call(amountUsd: string): Promise<ReserveReply> {
  const attemptId = newAttemptId();
  for (;;) {
    known ??= await patiently(() => runtime.gate.configuration());
    const { version: configVersion } = known;
    const parts = { attemptId, attribution: attributionOf('support'), expectedNanoUsd: usd(amountUsd) };
    const reply = await patiently(() => runtime.gate.reserve(requestOf({ ...parts, configVersion })));
    if (reply.kind !== 'outdated') return reply;
    known = null;
  }
}

const COMMANDS = {
  async open() {
    runtime = await openTallygate({ mode: 'enforce' });
    return runtime.role;
  },
  async call({ amountUsd }: { amountUsd: string }) {
    const reply = await call(amountUsd);
    if (reply.kind === 'denied') return reply.denial.reason ?? 'limit';
    return reply.kind === 'held' && reply.wouldDeny.length > 0 ? 'observed' : reply.kind;
  },
};

export type CallingCommands = typeof COMMANDS;

answerCommands(COMMANDS);
