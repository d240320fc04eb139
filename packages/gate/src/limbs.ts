import type { NanoUsd } from '@tallygate/usage';

const NANOS_PER_USD = 1_000_000_000n;

/** Whole USD and the nanos beyond: what `lua/fragments/money.lua` computes with, because its numbers are doubles. */
export function limbs(amountNanoUsd: NanoUsd): [usd: number, nanos: number] {
  return [Number(amountNanoUsd / NANOS_PER_USD), Number(amountNanoUsd % NANOS_PER_USD)];
}
