import { describe, expect, it } from 'vitest';
import { type Door, type EndsRig, endsRig, type Policy, sendRest } from './ends-rig.ts';
import { BY_CLIENT, BY_RESPONSE, BY_SIGNAL, type Leaving, PIECES_BEFORE } from './leavings.ts';
import { EXACT_COST_NANO_USD, OUTPUT_TOKENS, PIECES } from './told-message.ts';

/** A real server counts what it sent after the caller left a stream in its midst. */
const CASES: [Door, Leaving][] = [
  ...BY_CLIENT.flatMap((leaving): [Door, Leaving][] => [
    ['wrapped', leaving],
    ['fetch', leaving],
  ]),
  ...[...BY_RESPONSE, ...BY_SIGNAL].map((leaving): [Door, Leaving] => ['fetch', leaving]),
];
const REST = PIECES.slice(PIECES_BEFORE);
const heldBy = async ({ gate }: EndsRig) => (await gate.balances())[0]?.held;

async function seenBare(leaving: Leaving) {
  const { exchange, seen } = await leaving.leave(await endsRig('bare', 'cut'));
  exchange.destroy();
  return seen;
}

describe.each(CASES.map(([door, leaving]) => [leaving.name, door, leaving] as const))(
  '%s, through %s',
  (_name, door, leaving) => {
    const left = async (policy: Policy) => {
      const rig = await endsRig(door, policy);
      return { rig, ...(await leaving.leave(rig)) };
    };

    it('under cut: the connection closes, nothing more is sent, and the row is an estimate of what was seen', async () => {
      const { rig, exchange, seen } = await left('cut');
      expect(seen).toEqual(await seenBare(leaving));
      expect(await exchange.closed).toBe('cut');
      expect(await sendRest(exchange, REST)).toBe(0);
      const row = await rig.row();
      await rig.meter.settled();
      expect(row).toMatchObject({ status: expect.stringMatching('aborted|unknown'), basis: 'estimated' });
      expect(await heldBy(rig)).toBe(0n);
    });

    it('under drain: the caller sees the same, everything is sent, and the row is exact', async () => {
      const { rig, exchange, seen } = await left('drain');
      expect(seen).toEqual(await seenBare(leaving));
      expect(rig.events).toEqual([]);
      expect(await heldBy(rig)).toBeGreaterThan(0n);
      expect(await sendRest(exchange, REST)).toBe(REST.length);
      expect(await exchange.closed).toBe('whole');
      expect(await rig.row()).toMatchObject({
        status: 'ok',
        basis: 'reported',
        stopReason: 'end_turn',
        lines: [{ usage: { uncachedInputTokens: 1000, outputTokens: OUTPUT_TOKENS } }],
      });
      await rig.meter.settled();
      const spent = { spent: EXACT_COST_NANO_USD, held: 0n };
      expect(await rig.gate.balances()).toMatchObject([spent]);
    });
  },
);
