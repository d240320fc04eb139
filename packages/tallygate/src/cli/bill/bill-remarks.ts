import { formatUsd, nanoFromPico } from '@tallygate/usage';
import type { ReportedBill, Unowned } from '../../bill/index.ts';
import { describeFreshness } from '../../pulls/index.ts';

const NAMED_MOST = 5;

/** What a reader must know beside the table: how fresh it is, what limits it, and what belongs to nobody yet. */
export function billRemarks(
  bill: ReportedBill,
  { unowned, hasFile, nowMs }: { unowned: readonly Unowned[]; hasFile: boolean; nowMs: number },
): string[] {
  return [describeFreshness(bill.freshness, nowMs), ...bill.caveats, ...unownedRemarks(unowned, hasFile)];
}

function unownedRemarks(unowned: readonly Unowned[], hasFile: boolean): string[] {
  if (unowned.length === 0) return [];
  const named = unowned.slice(0, NAMED_MOST).map(describe);
  const more = unowned.length - named.length;
  const what = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [
    hasFile
      ? `No team in tallygate.yaml has ${what}: list them there under apiKeys or workspaces.`
      : `No team has ${what} yet: "tallygate init" writes a tallygate.yaml, where teams list apiKeys and workspaces.`,
  ];
}

function describe({ kind, name, figures: { costPicoUsd } }: Unowned): string {
  const cost = costPicoUsd === null ? '' : ` (${formatUsd(nanoFromPico(costPicoUsd))})`;
  return `${kind} ${name}${cost}`;
}
