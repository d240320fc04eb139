import type { UsageLine } from '@tallygate/usage';

/** What a line costs; with its corrections, their sum. */
export type LineCost = Pick<
  UsageLine,
  'listCostNanoUsd' | 'contractedCostNanoUsd' | 'webSearchCostNanoUsd' | 'roundingPicoUsd'
>;

export const FREE: LineCost = {
  listCostNanoUsd: 0n,
  contractedCostNanoUsd: 0n,
  webSearchCostNanoUsd: 0n,
  roundingPicoUsd: 0,
};

export function plus(left: LineCost, right: LineCost): LineCost {
  return {
    listCostNanoUsd: left.listCostNanoUsd + right.listCostNanoUsd,
    contractedCostNanoUsd: left.contractedCostNanoUsd + right.contractedCostNanoUsd,
    webSearchCostNanoUsd: left.webSearchCostNanoUsd + right.webSearchCostNanoUsd,
    roundingPicoUsd: left.roundingPicoUsd + right.roundingPicoUsd,
  };
}

export function minus(left: LineCost, right: LineCost): LineCost {
  return {
    listCostNanoUsd: left.listCostNanoUsd - right.listCostNanoUsd,
    contractedCostNanoUsd: left.contractedCostNanoUsd - right.contractedCostNanoUsd,
    webSearchCostNanoUsd: left.webSearchCostNanoUsd - right.webSearchCostNanoUsd,
    roundingPicoUsd: left.roundingPicoUsd - right.roundingPicoUsd,
  };
}

export function isNothing(cost: LineCost): boolean {
  const { listCostNanoUsd, contractedCostNanoUsd, webSearchCostNanoUsd, roundingPicoUsd } = cost;
  const amounts = [listCostNanoUsd, contractedCostNanoUsd, webSearchCostNanoUsd];
  return roundingPicoUsd === 0 && amounts.every((amount) => amount === 0n);
}
