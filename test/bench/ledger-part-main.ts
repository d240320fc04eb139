import { LEDGER_PARTS, type LedgerPart, type PartMessage } from './ledger-parts.ts';

/** `fork` of ledger-parts.ts: <part> <rows> <directory>. */
const [part = '', rows = '', directory = ''] = process.argv.slice(2);
const say = (message: PartMessage) => process.send?.(message);

const result = await LEDGER_PARTS[part as LedgerPart](Number(rows), directory, (...progress) =>
  say({ progress }),
);
say({ reply: { result, peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1_024) } });
process.disconnect();
