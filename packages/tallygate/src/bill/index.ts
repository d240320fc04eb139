export {
  addFigures,
  type BillQuestion,
  bySize,
  REPORTED_DIMENSIONS,
  type ReportedBill,
  type ReportedDimension,
  type ReportedFigures,
  type ReportedLine,
} from './bill.ts';
export { billOfFiles } from './bill-of-files.ts';
export { type Owners, readOwners, type Unowned, unownedOf } from './owners.ts';
export { readBill } from './read-bill.ts';
export { type BilledDays, readBilledFiles } from './read-billed-files.ts';
export { reconcileFiles } from './reconcile-files.ts';
