export {
  centsFrom,
  type Invoice,
  type InvoiceBody,
  invoicesInForce,
} from './invoice.ts';
export { type InvoiceStatement, invoiceStatement } from './invoice-statement.ts';
export { invoicesOfMonth, readInvoices, recordInvoice } from './record-invoice.ts';
