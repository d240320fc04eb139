export {
  centsFrom,
  type Invoice,
  type InvoiceBody,
  invoicesInForce,
} from './invoice.ts';
export { invoiceNextActions } from './invoice-next-action.ts';
export {
  type InvoiceStatement,
  invoiceStatement,
  type ReportedBill,
  statementOfBills,
} from './invoice-statement.ts';
export { invoicesOfMonth, readInvoices, recordInvoice } from './record-invoice.ts';
