import { createMemoryGate } from '@tallygate/gate';
import { describeBudgetGate } from './budget-gate.contract.ts';
import { describeGateModel } from './budget-gate.model.ts';
import { BUCKET_MS, type OpenGate, RECORD_GRACE_MS, START_MS } from './gate-fixtures.ts';

const openGate: OpenGate = async (organization, { startMs = START_MS, ...conditions }) => {
  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const bounds = { bucketMs: BUCKET_MS, recordGraceMs: RECORD_GRACE_MS };
  return {
    gate: createMemoryGate({ organization, clock, ...bounds, ...conditions }),
    organization,
    nowMs: () => nowMs,
    advanceMs: async (durationMs) => {
      nowMs += durationMs;
    },
  };
};

describeBudgetGate('gate in process', openGate);
describeGateModel('gate in process', openGate, { runs: 100, operations: 80 });
