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
export { type Owners, readOwners, type Unowned, unownedOf } from './owners.ts';
export { readBill } from './read-bill.ts';
export { readBilledFiles } from './read-billed-files.ts';
