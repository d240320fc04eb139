import { isoFromMs, type PicoUsd, usdFromPico } from '@tallygate/usage';
import type { ReportedBill, ReportedFigures, Unowned } from '../../bill/index.ts';
import { freshnessDocument } from '../../pulls/index.ts';
import type { AskedBill } from './bill-options.ts';
import type { FoldedLine } from './fold-lines.ts';

/** Exact decimals of USD; null is what the provider does not say. */
export function billDocument(found: {
  bill: ReportedBill;
  asked: AskedBill;
  lines: readonly FoldedLine[];
  unowned: readonly Unowned[];
  organizationId: string | null;
}): Record<string, unknown> {
  const { bill, asked, lines, unowned } = found;
  const { fromMs, toMs, bucketWidth, models } = asked.question;
  return {
    schema: 'tallygate.bill/1',
    ...(found.organizationId === null ? {} : { providerOrganizationId: found.organizationId }),
    from: isoFromMs(fromMs),
    to: isoFromMs(toMs),
    bucket: asked.isBucketed ? bucketWidth : null,
    groupBy: asked.by,
    models,
    source: bill.source,
    ...freshnessDocument(bill.freshness),
    caveats: bill.caveats,
    total: figures(bill.total),
    lines: lines.map((line) => ({
      ...(asked.isBucketed ? { from: isoFromMs(line.startMs) } : {}),
      group: line.group,
      ...figures(line),
    })),
    withoutTeam: unowned.map(({ kind, id, name, figures: own }) => ({ kind, id, name, ...figures(own) })),
  };
}

function figures({ usage, requests, costPicoUsd, listCostPicoUsd }: ReportedFigures) {
  return { usage, requests, costUsd: usd(costPicoUsd), listCostUsd: usd(listCostPicoUsd) };
}

function usd(amountPicoUsd: PicoUsd | null): string | null {
  return amountPicoUsd === null ? null : usdFromPico(amountPicoUsd);
}
